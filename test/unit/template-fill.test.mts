import { describe, expect, test } from 'vitest';
import { Compiler } from '../../lib/template/compile.ts';
import { FILTERS } from '../../lib/template/engine.ts';
import type { Escape } from '../../lib/template/escape.ts';
import { Filler } from '../../lib/template/fill.ts';
import type { MapSettings } from '../../lib/template/map-fields.ts';
import type { TemplateField } from '../../lib/template/record.ts';
import type { Values } from '../../lib/template/values.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

interface Given {
	readonly escape?: Escape;
	readonly strict?: boolean;
	readonly declared?: readonly TemplateField[];
	readonly mapping?: Partial<MapSettings>;
	readonly partials?: Readonly<Record<string, string>>;
}

const TITLE = 'The template';
const AUTOMATIC: MapSettings = { explicit: {}, synonyms: {}, automatic: true };
const clock = new FakeClock();

function fillerOf(text: string, { escape = 'text', strict = true, declared = [], mapping = {}, partials = {} }: Given = {}, compiler = new Compiler(clock)): Filler {
	const compiled = compiler.compile({ text, escape, title: TITLE, partial: (name) => partials[name] });
	return new Filler({ compiled, declared, mapping: { ...AUTOMATIC, ...mapping }, strict, title: TITLE, clock });
}

const fill = (text: string, item: Values = {}, given: Given = {}) => fillerOf(text, given).fill(item);

describe('the language', () => {
	test.each<[string, Values, string]>([
		['Hello {{ name }}!', { name: 'Ann' }, 'Hello Ann!'],
		['{{ user.mail }}', { user: { mail: 'a@b.test' } }, 'a@b.test'],
		['{% for tag in tags %}{{ tag }};{% endfor %}', { tags: ['a', 'b'] }, 'a;b;'],
		['{% if vip %}Dear{% else %}Hello{% endif %}', { vip: true }, 'Dear'],
		['{% if vip %}Dear{% else %}Hello{% endif %}', {}, 'Hello'],
		['{{ name | upcase | truncate: 5 }}', { name: 'Annabelle' }, 'AN...'],
		['{{ nick | default: "you" }}', {}, 'you'],
		['{{ at | date: "%Y-%m-%d %H:%M" }}', { at: '2026-03-04T05:06:07Z' }, '2026-03-04 05:06'],
		['{{ list }} {{ object }} {{ nothing }} {{ count }} {{ at }}', { list: [1, 'a'], object: { a: 1 }, nothing: null, count: 0, at: new Date(0) }, '[1,"a"] {"a":1}  0 1970-01-01T00:00:00.000Z'],
		['{% raw %}{{ name }}{% endraw %}', {}, '{{ name }}'],
		['{% comment %}{{ name }}{% endcomment %}x', {}, 'x'],
	])('%s', (text, item, expected) => {
		expect(fill(text, item)).toBe(expected);
	});

	test('escapes values for where they stand, and leaves the text itself alone', () => {
		expect(fill('<a b="{{ a }}">{{ a }}</a>', { a: `<"&'>\u0000` }, { escape: 'xml' })).toBe(`<a b="&lt;&quot;&amp;&#39;&gt;\uFFFD">&lt;&quot;&amp;&#39;&gt;\uFFFD</a>`);
		const item = { name: 'A "quoted"\nname\\', tags: ['x"', { y: 1 }], many: 3 };
		const json = fill('{ "name": "{{ name }}", "tags": {{ tags | json }}, "asText": "{{ tags }}", "many": {{ many }} }', item, { escape: 'json' });
		expect(JSON.parse(json)).toEqual({ name: item.name, tags: item.tags, asText: JSON.stringify(item.tags), many: 3 });
	});

	test('draws in other templates, which see only what they are given', () => {
		const partials = { greeting: 'Hello {{ who }}{% render "mark" %}', mark: '!' };
		expect(fill('{% render "greeting", who: name %} Bye.', { name: 'Ann', who: 'nobody' }, { partials })).toBe('Hello Ann! Bye.');
		expect(() => fill('{% render "greeting" %}', { who: 'Ann' }, { partials })).toThrow('needs the field "who"');
	});

	test('names what a template needs and the item has not, with its place; without strict it writes nothing', () => {
		expect(() => fill('Hi {{ name }}.\nYou are {{ user.age }}.', { name: 'Ann', user: {} })).toThrow('The template needs the field "user.age", which has no value (line 2, column 12)');
		expect(() => fill('Hi {{ name }}', { nam: 'Ann', mail: 'x' })).toThrow('needs the field "name", which has no value (line 1, column 7): the item has nam, mail');
		expect(fill('Hi {{ name }}.', { nam: 'Ann' }, { strict: false })).toBe('Hi .');
	});

	test.each([
		['{{ name', 'not closed (line 1, column 1)'],
		['a\n{% if x %}', 'not closed (line 2, column 1)'],
		['{{ a | where_exp: "x", "x.y" }}', 'undefined filter: where_exp'],
		['{{ a | sample }}', 'undefined filter: sample'],
		['{% include "a" %}', 'tag "include" not found'],
		['{% layout "a" %}', 'tag "layout" not found'],
		['{{ "now" | date: "%Y" }}', '"now" is another text each time'],
	])('refuses %s and says where', (text, message) => {
		expect(() => fill(text, { a: [1] })).toThrow(message);
	});

	test('knows no filter that reads a clock, makes chance, or runs an expression', () => {
		expect(FILTERS.filter((name) => /sample|_exp$|hmac|strip_html|slugify/.test(name))).toEqual([]);
	});
});

describe('what is not to be', () => {
	test.each([
		['{{ a.constructor.name }}', 'may not read "constructor"'],
		['{{ __proto__ }}', 'may not read "__proto__"'],
		['{% for x in a.prototype %}{% endfor %}', 'may not read "prototype"'],
		['{{ a[key].name }}', 'needs the field "a.constructor"'],
		['{{ toString }}', 'needs the field "toString"'],
		['{{ a.hasOwnProperty }}', 'needs the field "a.hasOwnProperty"'],
	])('data leads to nothing but data: %s', (text, message) => {
		expect(() => fill(text, { a: {}, key: 'constructor' })).toThrow(message);
	});

	test('members called __proto__ do not come along', () => {
		const item = JSON.parse('{ "a": { "__proto__": { "admin": true }, "b": 1 } }') as Values;
		expect(fill('{{ a }}', item)).toBe('{"b":1}');
		expect(() => fill('{{ a.admin }}', item)).toThrow('needs the field "a.admin"');
	});

	test('a function among the data is not called', () => {
		let called = false;
		expect(() => fill('{{ a.run }}', { a: { run: () => (called = true) } })).toThrow('holds a function');
		expect(called).toBe(false);
	});

	const deep = (levels: number) => Array.from({ length: levels }).reduce<unknown>((inner) => ({ inner }), 1);
	const circle: { self?: unknown } = {};
	circle.self = circle;

	test.each<[string, string, Values, string]>([
		['a text that is too long', 'x'.repeat(262_145), {}, 'longer than 262144 characters'],
		['blocks within blocks', '{% if a %}'.repeat(60) + '{% endif %}'.repeat(60), { a: 1 }, 'nested deeper than 50 levels'],
		['very many blocks within blocks', '{% if a %}'.repeat(10_000) + '{% endif %}'.repeat(10_000), { a: 1 }, 'nested deeper than 50 levels'],
		['lists within lists', '{{ a }}', { a: deep(100_000) }, 'nested deeper than 50 levels'],
		['a value that contains itself', '{{ a }}', { a: circle }, 'nested deeper than 50 levels'],
		['a value of 10 MB', '{{ a }}', { a: 'x'.repeat(10_000_000) }, 'larger than 4194304 characters'],
		['a list of 10 million', '{{ a | size }}', { a: new Array(10_000_000).fill(0) }, 'larger than 4194304 characters'],
		['a text that comes again and again', '{% for i in (1..20) %}{{ a }}{% endfor %}', { a: 'x'.repeat(1_000_000) }, 'gives more than 4194304 characters'],
		['a range without end', '{% for i in (1..100000000) %}x{% endfor %}', {}, 'makes more than 8388608'],
		['a text that doubles', '{% assign x = "aaaaaaaa" %}{% for i in (1..100) %}{% assign x = x | append: x %}{% endfor %}', {}, 'makes more than 8388608'],
	])('%s is refused, soon', (_name, text, item, message) => {
		const before = process.cpuUsage();
		expect(() => fill(text, item)).toThrow(message);
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / 1000).toBeLessThan(2000);
	});

	test('loops within loops end after a second', () => {
		const before = process.cpuUsage();
		const loop = (times: number): string => (times === 0 ? 'x' : `{% for i in (1..2000) %}${loop(times - 1)}{% endfor %}`);
		expect(() => fill(loop(3))).toThrow('was not filled within 1000 ms');
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / 1000).toBeLessThan(4000);
	});

	test('partials that draw in themselves, each other, none, or too many', () => {
		expect(() => fill('{% render "a" %}', {}, { partials: { a: '{% render "a" %}' } })).toThrow('The template "a" draws in itself: The template → The template "a" → The template "a"');
		expect(() => fill('{% render "a" %}', {}, { partials: { a: '{% render "b" %}', b: '{% render "a" %}' } })).toThrow('draws in itself');
		expect(() => fill('{% render "a" %}')).toThrow('there is no template of that name');
		expect(() => fill('{% render a %}', { a: 'b' })).toThrow('not written in quotes');
		const many = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`p${index}`, `{% render "p${index + 1}" %}`]));
		expect(() => fill('{% render "p0" %}', {}, { partials: many })).toThrow('draws in more than 50 others');
	});
});

describe('compiling', () => {
	test('happens once an hour for a text, and anew where a partial is another', async () => {
		const own = new FakeClock();
		const compiler = new Compiler(own);
		const partials: Record<string, string> = { p: '1' };
		const compile = (text: string) => compiler.compile({ text, escape: 'text', title: TITLE, partial: (name) => partials[name] });
		const first = compile('{% render "p" %}');
		expect(compile('{% render "p" %}')).toBe(first);
		partials.p = '2';
		const second = compile('{% render "p" %}');
		expect([second.hash === first.hash, second.fill({}, { strict: true, title: TITLE })]).toEqual([false, '2']);
		await own.advance(3_600_001);
		expect(compile('{% render "p" %}')).not.toBe(second);
	});

	test('keeps a thousand texts and 16 MB of them at most', () => {
		const compiler = new Compiler(clock);
		for (let index = 0; index < 1500; index += 1) {
			compiler.compile({ text: `text ${index}`, escape: 'text', title: TITLE, partial: () => undefined });
			expect(compiler.size).toBeLessThanOrEqual(1000);
		}
		for (let index = 0; index < 100; index += 1) compiler.compile({ text: `${index}${'x'.repeat(250_000)}`, escape: 'text', title: TITLE, partial: () => undefined });
		expect(compiler.size).toBeLessThanOrEqual(67);
	});

	test('gives another hash for another text, escaping or partial only', () => {
		const hashOf = (text: string, escape: Escape, partial = '') => new Compiler(clock).compile({ text, escape, title: TITLE, partial: () => partial }).hash;
		const hashes = [hashOf('a', 'text'), hashOf('b', 'text'), hashOf('a', 'json'), hashOf('{% render "p" %}', 'text', '1'), hashOf('{% render "p" %}', 'text', '2')];
		expect(new Set(hashes).size).toBe(5);
		expect(hashOf('a', 'text')).toBe(hashes[0]);
	});
});

describe('filling many', () => {
	test('asks the engine once for the same values, and maps once for each shape', () => {
		const filler = fillerOf('{{ first_name }} {% if age %}{{ age }}{% endif %}');
		const texts = Array.from({ length: 100 }, (_, index) => filler.fill(index % 2 === 0 ? { firstName: 'Ann', age: 3, nr: index } : { firstName: 'Bob', nr: index }));
		expect(new Set(texts)).toEqual(new Set(['Ann 3', 'Bob ']));
		expect(filler.counts).toEqual({ filled: 2, mapped: 2 });
	});

	test('declared fields: defaults, types and what is required', () => {
		const declared: TemplateField[] = [
			{ name: 'tags', type: 'list', required: false, default: ['none'] },
			{ name: 'age', type: 'number', required: true },
			{ name: 'customer', type: 'text', required: true },
		];
		const text = '{{ tags | join: "," }} {{ age }}';
		expect(fill(text, { age: 1, customer: 'x' }, { declared })).toBe('none 1');
		expect(fill(text, { age: 1, customer: 7, tags: ['a', 'b'] }, { declared })).toBe('a,b 1');
		expect(() => fill(text, { age: 1 }, { declared })).toThrow('requires the field "customer": the item has age');
		expect(() => fill(text, { age: '1', customer: 'x' }, { declared, strict: false })).toThrow('requires the field "age": "age" is a text, and a number is wanted');
		expect(() => fill(text, { nr: 'x', customer: 'x' }, { declared, mapping: { explicit: { age: 'nr' } } })).toThrow('wants a number in the field "age", and the item\'s "nr" is a text');
	});
});
