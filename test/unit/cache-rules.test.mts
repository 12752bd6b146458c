import { describe, expect, test } from 'vitest';
import { matchesGlob } from '../../lib/cache/glob.ts';
import { marksOf, shownUrl, toTags } from '../../lib/cache/marks.ts';
import { matches, RuleBook, type Rule } from '../../lib/cache/rules.ts';
import { seeded } from '../helpers/seeded.mts';

describe('a pattern', () => {
	test.each([
		['abc', 'abc', true],
		['abc', 'abcd', false],
		['', '', true],
		['*', '', true],
		['*', 'anything', true],
		['a*', 'abc', true],
		['*c', 'abc', true],
		['a*c', 'ac', true],
		['a*a', 'a', false],
		['ab*ba', 'aba', false],
		['*b*', 'abc', true],
		['a*b*c*d', 'a1b2c3d', true],
		['a*b*c*d', 'a1c2b3d', false],
		['*aa*aa', 'aaa', false],
		['a.c', 'abc', false],
		['(a+)+$', 'aaaa', false],
		['**', 'x', true],
	])('%s describes %s: %s', (pattern, text, expected) => {
		expect(matchesGlob(pattern, text)).toBe(expected);
	});

	test('says what a regular expression would, for random patterns', () => {
		const random = seeded(7);
		const word = (letters: string, length: number) =>
			Array.from({ length: Math.floor(random.next() * length) }, () => letters[Math.floor(random.next() * letters.length)]).join('');
		for (let round = 0; round < 5000; round += 1) {
			const [pattern, text] = [word('ab*', 8), word('ab', 10)];
			expect([pattern, text, matchesGlob(pattern, text)]).toEqual([pattern, text, new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)]);
		}
	});
});

describe('the marks of an answer', () => {
	const place = { workflowId: 'w', nodeId: 'n', nodeName: 'AI' };

	test.each([
		['https://user:word@a.test/x?id=1#part', 'https://a.test/x?id=1'],
		['https://a.test/x?api_key=1234&id=7&Token=abc&code=9', 'https://a.test/x?api_key=***&id=7&Token=***&code=***'],
		['https://a.test/x?mine=1&id=7', 'https://a.test/x?id=7'],
		['https://a.test/x?mine=1', 'https://a.test/x'],
		['https://a.test/x?access%5Ftoken=1', 'https://a.test/x?access%5Ftoken=***'],
		['https://a.test/x?%E0%A4%A=1&flag', 'https://a.test/x?%E0%A4%A=1&flag'],
		['https://a.test/*?sig=abc*', 'https://a.test/*?sig=***'],
	])('hold %s as %s', (url, shown) => {
		expect(shownUrl(url, ['mine'])).toBe(shown);
	});

	test('a pattern with a secret in it finds the address that was kept without', () => {
		const url = 'https://a.test/x?token=abc&id=7';
		expect(matchesGlob(shownUrl(url), shownUrl(url))).toBe(true);
	});

	test('a long address is kept as its beginning, and cleared by every pattern of addresses', () => {
		const marks = marksOf(place, [], `https://a.test/${'x'.repeat(5000)}`);
		expect(marks.url).toHaveLength(1000);
		expect(matches({ kind: 'url', pattern: 'https://b.test/*' }, 'k', marks)).toBe(true);
	});

	test.each([
		['a, b ,,a', ['a', 'b']],
		['', []],
		[undefined, []],
		[['x', 17, 'x'], ['x', '17']],
		[17, ['17']],
	])('take %j for tags', (given, tags) => {
		expect(toTags('Tags', given)).toEqual(tags);
	});

	test.each([[Array.from({ length: 21 }, (_, index) => `t${index}`)], ['x'.repeat(101)], [{ a: 1 }], [[true]]])('refuse %j as tags', (given) => {
		expect(() => toTags('Tags', given)).toThrow(/Invalid Tags: expected at most 20 tags of at most 100 characters/);
	});
});

describe('a rule', () => {
	const marks = { workflow: 'w', node: 'id', nodeName: 'AI', tags: ['customers', 'customer-17'], url: 'https://a.test/users/17?x=1' };

	test.each<[Rule, boolean]>([
		[{ kind: 'all' }, true],
		[{ kind: 'workflow', workflow: 'w' }, true],
		[{ kind: 'workflow', workflow: 'other' }, false],
		[{ kind: 'node', workflow: 'w', node: 'AI' }, true],
		[{ kind: 'node', workflow: 'w', node: 'id' }, true],
		[{ kind: 'node', workflow: 'other', node: 'AI' }, false],
		[{ kind: 'node', workflow: 'w', node: 'AI 2' }, false],
		[{ kind: 'tag', pattern: 'customer-*' }, true],
		[{ kind: 'tag', pattern: 'customer' }, false],
		[{ kind: 'url', pattern: 'https://a.test/users/*' }, true],
		[{ kind: 'url', pattern: 'https://a.test/orders/*' }, false],
		[{ kind: 'key', pattern: 'abc' }, true],
		[{ kind: 'key', pattern: 'ab*' }, true],
		[{ kind: 'key', pattern: 'b*' }, false],
	])('%j speaks of the answer: %s', (rule, expected) => {
		expect(matches(rule, 'abc', marks)).toBe(expected);
	});

	test('that asks for marks speaks of no answer without any', () => {
		const rules: Rule[] = [{ kind: 'workflow', workflow: '' }, { kind: 'node', workflow: '', node: '' }, { kind: 'tag', pattern: '*' }, { kind: 'url', pattern: '*' }];
		expect(rules.map((rule) => matches(rule, 'k', undefined))).toEqual([false, false, false, false]);
	});
});

describe('a book of rules', () => {
	const tag = (pattern: string): Rule => ({ kind: 'tag', pattern });

	test('clears what began before a rule, and keeps what began after it', () => {
		const book = new RuleBook();
		book.add(3, tag('a'));
		const marks = { tags: ['a'] };
		expect([0, 2, 3, 4].map((asOf) => book.judge('k', { asOf, marks }))).toEqual(['cleared', 'cleared', 'kept', 'kept']);
		expect(book.judge('k', { asOf: 0, marks: { tags: ['b'] } })).toBe('kept');
		// Also where another rule has come since.
		book.add(5, tag('b'));
		expect([2, 3].map((asOf) => book.judge('k', { asOf, marks }))).toEqual(['cleared', 'kept']);
	});

	test('hides from a reader what others have stored before the reader cleared its own', () => {
		const book = new RuleBook();
		book.add(1, { kind: 'workflow', workflow: 'mine' });
		const stored = { asOf: 0, marks: { workflow: 'theirs' } };
		expect(book.judge('k', stored, { workflow: 'mine' })).toBe('hidden');
		expect(book.judge('k', stored, { workflow: 'theirs' })).toBe('kept');
		expect(book.judge('k', { ...stored, asOf: 1 }, { workflow: 'mine' })).toBe('kept');
	});

	test('holds no more rules than it may, and forgets none: the oldest become one that clears more', () => {
		const book = new RuleBook(10);
		for (let number = 1; number <= 200; number += 1) {
			book.add(number, tag(`t${number}`));
			expect(book.entries().length).toBeLessThanOrEqual(11);
			for (const asOf of [0, number - 1]) {
				for (const cleared of [1, number]) {
					if (cleared > asOf) expect(book.judge('k', { asOf, marks: { tags: [`t${cleared}`] } })).toBe('cleared');
				}
			}
		}
		expect(book.judge('k', { asOf: 195, marks: { tags: ['t3'] } })).toBe('kept');
		expect(book.judge('k', { asOf: 0, marks: { tags: ['none'] } })).toBe('cleared');
	});

	test('takes rules for the same only if they say the same', () => {
		const rules: Rule[] = [
			{ kind: 'all' }, { kind: 'workflow', workflow: 'a b' }, { kind: 'tag', pattern: 'a b' }, { kind: 'url', pattern: 'a b' }, { kind: 'key', pattern: 'a b' },
			{ kind: 'node', workflow: 'a b', node: 'c' }, { kind: 'node', workflow: 'a', node: 'b c' }, { kind: 'node', workflow: '', node: 'a b c' },
		];
		const book = new RuleBook();
		for (const [index, rule] of rules.entries()) book.add(index + 1, rule);
		expect(book.entries()).toHaveLength(rules.length);
		expect(rules.map((rule, index) => [book.knows(index + 1, { ...rule }), book.knows(index + 2, rule)])).toEqual(rules.map(() => [true, false]));
	});

	test('counts a rule that comes again by its latest number only', () => {
		const book = new RuleBook(10);
		for (let number = 1; number <= 100; number += 1) book.add(number, tag('same'));
		book.add(5, tag('same'));
		expect(book.entries()).toEqual([{ number: 100, rule: tag('same') }]);
	});
});
