import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROMPT_RULES, shortenRequest, shortenText, type PromptRule } from '../../lib/ai/optimizer/index.ts';
import { seeded, type Seeded } from '../helpers/seeded.mts';

const VERBOSE = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../bench/data/verbose.json'), 'utf8')) as string[];
const short = (text: string, ...rules: PromptRule[]) => shortenText(text, rules).text;

describe('each rule', () => {
	test.each<[PromptRule, string, string]>([
		['whitespace', 'a   b  \n\n\n\nc\t\td\r\n', 'a b\n\nc d'],
		['whitespace', '  - indented  item', '  - indented item'],
		['courtesy', 'Hi there, could you please list them? Thanks a lot!', 'list them? '],
		['courtesy', 'Please sort it. Thank you in advance for your help.', 'sort it. '],
		['courtesy', 'Thanks to the cache it is fast, as you please.', 'Thanks to the cache it is fast, as you please.'],
		['json', 'See {\n  "a b": [1, 2.50],\n  "c": "x  y"\n} there', 'See {"a b":[1,2.50],"c":"x  y"} there'],
		['json', 'No {  json } here, [see  this]', 'No {  json } here, [see  this]'],
		['markdown', 'Text\n====\n**bold** and 2 ** 3 ** 4\n\n# Head ##\n\n---\n\nend<!-- note -->', 'Text\n\nbold and 2 ** 3 ** 4\n\n# Head\n\n\n\nend'],
		['markdown', '__init__ and snake_case stay', '__init__ and snake_case stay'],
		['lists', list(49), list(49)],
		['lists', list(60), [...list(60).split('\n').slice(0, 40), '[15 more items left out]', ...list(60).split('\n').slice(-5)].join('\n')],
		['repeats', 'once\nonce', 'once\nonce'],
		['repeats', Array.from({ length: 9 }, () => 'timeout after 30 s').join('\n'), 'timeout after 30 s\n[the line above 8 more times]'],
		['repeats', `${'word '.repeat(20)}\n\nbetween\n\n${'word '.repeat(20)}`, `${'word '.repeat(20)}\n\nbetween\n\n[the same paragraph again]`],
	])('%s: %j', (rule, before, after) => {
		expect(short(before, rule)).toBe(after);
	});

	test('does nothing where it was not asked for', () => {
		const text = VERBOSE.join('\n');
		expect(short(text)).toBe(text);
	});

	test('leaves a text alone of which nothing would be left, and one with private-use characters', () => {
		expect(short('Please!', ...PROMPT_RULES)).toBe('Please!');
		expect(short('Thanks.', ...PROMPT_RULES)).toBe('Thanks.');
		expect(short('Please   do \uE000', ...PROMPT_RULES)).toBe('Please   do \uE000');
	});
});

describe('nothing changes within', () => {
	test.each([
		['a fence', '```\nplease   **x**\n\n\n\n```'],
		['a fence that is not closed', '~~~ py\nplease   **x**'],
		['a longer fence around a fence', '````\n```\nplease   x\n```\nplease   y\n````'],
		['inline code', '`please   x`'],
		['indented code', '    please   x   =  1'],
		['a quote', '"please   do  {  \\"a\\":  [1,  2] }"'],
		['a typographic quote', '“please   do”'],
		['a German quote', '„bitte   please“'],
		['single quotes', "'please   don't  do'"],
		['a quoted line', '> please   do'],
		['a quote that is not closed', 'A 5" screen, please   and   thank you'.slice(3)],
	])('%s', (_what, piece) => {
		expect(short(`Intro.\n\n${piece}\n\nPlease   end.`, ...PROMPT_RULES)).toContain(piece);
	});

	test('random documents: code and quotes stay byte for byte and in order, JSON keeps every token', () => {
		const random = seeded(42);
		for (let round = 0; round < 400; round += 1) {
			const { text, kept } = randomDocument(random);
			const rules = PROMPT_RULES.filter(() => random.int(3) > 0);
			const after = short(text, ...rules);
			let from = 0;
			for (const { piece, json } of kept) {
				const wanted = json && rules.includes('json') ? withoutJsonSpace(piece) : piece;
				const at = after.indexOf(wanted, from);
				expect(at, `${JSON.stringify(wanted)} is missing from\n${after}`).toBeGreaterThanOrEqual(0);
				if (json) expect(JSON.parse(after.slice(at, at + wanted.length))).toEqual(JSON.parse(piece));
				from = at + wanted.length;
			}
		}
	});

	test('hostile texts cost no more than a moment', () => {
		const texts = ['[', '{"', "'a ", '“', '"', '`', '*', '**a', '<!--', 'please ', '\n', '> ', '-', '= ', 'I would '].map((piece) => piece.repeat(100_000 / piece.length));
		const startedAt = performance.now();
		for (const text of texts) short(text, ...PROMPT_RULES);
		expect(performance.now() - startedAt).toBeLessThan(8000);
	});
});

describe('a request', () => {
	test('the verbose set comes to at least 25 % fewer tokens', () => {
		const after = VERBOSE.map((text) => shortenText(text, PROMPT_RULES));
		const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
		const [tokensBefore, tokensAfter] = [sum(after.map((one) => one.tokensBefore)), sum(after.map((one) => one.tokensAfter))];
		expect(1 - tokensAfter / tokensBefore).toBeGreaterThanOrEqual(0.25);
		expect(sum(after.flatMap(({ saved }) => Object.values(saved)))).toBe(tokensBefore - tokensAfter);
	});

	test('what the model said before stays as it said it', () => {
		const request = { model: 'm', messages: (['system', 'user', 'assistant', 'user'] as const).map((role) => ({ role, content: 'Please   go' })) };
		const { request: after, shortening } = shortenRequest(request, ['courtesy', 'whitespace']);
		expect(after.messages.map(({ content }) => content)).toEqual(['go', 'go', 'Please   go', 'go']);
		expect(shortening).toEqual({ tokensBefore: 9, tokensAfter: 3, saved: { courtesy: 6 } });
		expect(shortenRequest(request, [])).toEqual({ request, shortening: undefined });
	});
});

function list(items: number): string {
	return Array.from({ length: items }, (_, index) => `- item ${index}`).join('\n');
}

/** Written apart from the code under test: a walk over the characters. */
function withoutJsonSpace(json: string): string {
	let [out, quoted] = ['', false];
	for (let index = 0; index < json.length; index += 1) {
		const sign = json[index] ?? '';
		if (quoted && sign === '\\') out += sign + (json[(index += 1)] ?? '');
		else if (sign === '"') [out, quoted] = [out + sign, !quoted];
		else if (quoted || !/\s/.test(sign)) out += sign;
	}
	return out;
}

const NOISE = ['please', 'thank you', '**bold**', 'a   b', 'kindly', 'the following', 'x,', 'y;', '# not', '- dash', 'it is', '---', '===', '<!-- c -->', "don't"];

function randomDocument(random: Seeded): { text: string; kept: Array<{ piece: string; json: boolean }> } {
	const kept: Array<{ piece: string; json: boolean }> = [];
	const noise = (count: number) => Array.from({ length: count }, () => random.pick(NOISE)).join(random.pick([' ', '  ', '   ']));
	const keep = (piece: string, json = false) => {
		kept.push({ piece, json });
		return piece;
	};
	const quotable = () => noise(1 + random.int(5)).replace(/don't|<!-- c -->/g, 'so');
	const blocks = [
		() => keep(`\`\`\`\n${noise(6)}\n\n\n    ${noise(3)}\n\`\`\``),
		() => keep(`    ${noise(5)}`.trimEnd()),
		() => keep(`> ${noise(6)}`.trimEnd()),
		() => keep(JSON.stringify({ a: noise(3), b: [random.int(99), null, { c: `"${noise(2)}\\` }], d: '' }, null, random.pick([undefined, 1, 4, '\t'])), true),
		() => `${noise(3)} ${keep(`\`${noise(2)}\``)} ${noise(2)} ${keep(`"${quotable()}"`)}, ${noise(2)} ${keep(`“${quotable()}”`)} ${noise(3)}`,
		() => `${noise(2)} ${keep(`'${quotable().replace(/\s+$/, '')}'`)} ${noise(2).replace(/don't/g, 'so')}`,
		() => noise(20),
		() => 'This very paragraph stands in many documents, more than once, word for word, and long enough.',
		() => Array.from({ length: random.int(70) }, (_, index) => `- item ${index} ${noise(1)}`).join('\n'),
		() => Array.from({ length: 1 + random.int(6) }, () => 'the same line of a log file again').join('\n'),
	];
	return { text: Array.from({ length: 1 + random.int(9) }, () => random.pick(blocks)()).join(random.pick(['\n\n', '\n\n\n\n'])), kept };
}
