import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { compile, UNRESOLVED } from '../../lib/n8n/item-expression.ts';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters.ts';

/** n8n, as far as reading goes: what `evaluate` makes of an expression, and how often it was asked for which parameter. */
function n8n(parameters: IDataObject, items: readonly IDataObject[], evaluate: (raw: unknown, itemIndex: number) => unknown) {
	const asked: string[] = [];
	const context = {
		getNode: () => ({ parameters }),
		getInputData: () => items.map((json): INodeExecutionData => ({ json })),
		getNodeParameter(name: string, itemIndex: number, fallback: unknown) {
			asked.push(`${name} ${itemIndex}`);
			const raw = parameters[name] ?? fallback;
			return typeof raw === 'string' && raw.startsWith('=') ? evaluate(raw, itemIndex) : structuredClone(raw);
		},
	} as unknown as ParameterContext;
	return { context, asked };
}

const orders = [{ id: 7 }, { id: 8 }, { id: 9 }];
const urlOf = (_raw: unknown, itemIndex: number) => `https://api.example.com/${orders[itemIndex]?.id}`;
const reader = (context: ParameterContext, ...names: string[]) =>
	perItem(context, (from, itemIndex) => names.map((name) => from.getNodeParameter(name, itemIndex, null)));

describe('reading for each item', () => {
	test('n8n is asked once of what only names a place in the item, and once of what is the same for all', () => {
		const { context, asked } = n8n({ url: '=https://api.example.com/{{ $json.id }}', method: 'GET' }, orders, urlOf);
		const read = reader(context, 'url', 'method');
		expect(orders.map((_order, index) => read(index))).toEqual(orders.map(({ id }) => [`https://api.example.com/${id}`, 'GET']));
		expect(asked).toEqual(['url 0', 'method 0']);
	});

	test('n8n is asked for each item of any other expression', () => {
		const { context, asked } = n8n({ url: '=https://api.example.com/{{ $json.id.toString() }}' }, orders, urlOf);
		const read = reader(context, 'url');
		expect(orders.map((_order, index) => read(index))).toEqual(orders.map(({ id }) => [`https://api.example.com/${id}`]));
		expect(asked).toHaveLength(3);
	});

	test('where n8n sees another item, it is believed, and asked from then on', () => {
		const { context, asked } = n8n({ url: '={{ $json.id }}' }, orders, (_raw, itemIndex) => itemIndex * 100);
		const read = reader(context, 'url');
		expect(orders.map((_order, index) => read(index))).toEqual([[0], [100], [200]]);
		expect(asked).toHaveLength(3);
	});

	test('what n8n has rules of its own for is asked of it, and nothing else', () => {
		const items = [{ id: null }, { id: 'a' }, { id: 'b' }, {}, { id: { nested: true } }, { id: 'c' }];
		const { context, asked } = n8n({ url: '=/{{ $json.id }}' }, items, (_raw, itemIndex) => `/${String(items[itemIndex]?.id ?? 'of n8n')}`);
		const read = reader(context, 'url');
		expect(items.map((_item, index) => read(index)[0])).toEqual(['/of n8n', '/a', '/b', '/of n8n', '/[object Object]', '/c']);
		expect(asked).toEqual(['url 0', 'url 1', 'url 3', 'url 4']);
	});

	test('what n8n gives of the item itself is not given on', () => {
		const items = [{ of: { a: 1 } }, { of: { a: 2 } }];
		const { context } = n8n({ url: '={{ $json.of }}' }, items, (_raw, itemIndex) => items[itemIndex]?.of);
		const read = reader(context, 'url');
		for (const index of [0, 1]) Object.assign(read(index)[0] as object, { changed: true });
		expect(items).toEqual([{ of: { a: 1 } }, { of: { a: 2 } }]);
	});

	test('an error of n8n reaches the caller, and nothing is learnt from it', () => {
		const { context } = n8n({ url: '={{ $json.id }}' }, orders, () => {
			throw new Error('refused');
		});
		const read = reader(context, 'url');
		for (const index of [0, 1]) expect(() => read(index)).toThrow('refused');
	});

	test('a fallback, and a value that is taken out of its picker, are asked of n8n', () => {
		const { context, asked } = n8n({ url: '={{ $json.id }}', model: { value: 'm' } }, orders, (_raw, index) => orders[index]?.id);
		const read = perItem(context, (from, index) => [from.getNodeParameter('none', index, index), from.getNodeParameter('model', index, '', { extractValue: true })]);
		expect([read(0), read(1)]).toEqual([[0, { value: 'm' }], [1, { value: 'm' }]]);
		expect(asked).toEqual(['none 0', 'model 0', 'none 1', 'model 1']);
	});
});

describe('an expression', () => {
	const json = { a: 1, text: 'é “x”', yes: false, list: [{ b: 'in a list' }], 'with space': 2, nil: null, bad: NaN, nul: 'a\0b', half: '\ud800', odd: { inside: { toString: 'x' } }, deep: { er: { est: 'c' } } };

	test.each<[raw: unknown, value: unknown]>([
		['={{ $json.a }}', 1],
		['={{$json.yes}}', false],
		['={{\n\t$json.text\n}}', 'é “x”'],
		['={{ $json.deep.er.est }}', 'c'],
		['={{ $json.deep?.er?.est }}', 'c'],
		['={{ $json["with space"] }}{{ $json[\'a\'] }}', '21'],
		['={{ $json.list[0].b }}', 'in a list'],
		['={{ $json.a }} ', '1 '],
		['={{ JSON.stringify($json.text) }}', '"é “x”"'],
		['={ "deep": {{JSON.stringify( $json.deep )}}, "nil": {{ JSON.stringify($json.nil) }} }', '{ "deep": {"er":{"est":"c"}}, "nil": null }'],
		['={{ $json.nil }}', null],
		['={{ $json.list }}', [{ b: 'in a list' }]],
		['={{ $json.deep }}', { er: { est: 'c' } }],
		['=a={{ $json.a }}&b={{ $json.yes }}', 'a=1&b=false'],
		['={"id":{{ $json.a }}}', '{"id":1}'],
		['=no expression }}', 'no expression }}'],
		['=', ''],
		['literal {{ $json.a }}', 'literal {{ $json.a }}'],
		[{ list: [{ name: 'x', value: '={{ $json.a }}' }], on: true }, { list: [{ name: 'x', value: 1 }], on: true }],
	])('%j is %j', (raw, value) => {
		expect(compile(raw)?.(json)).toEqual(value);
	});

	test.each([
		'={{ $json }}', '={{ $json.bad }}', '={{ $json.none }}', '= {{ $json.nil }}', '= {{ $json.deep }}', '= {{ $json }}', '={{ $json.text.length }}', '={{ $json.list.map }}',
		'=x {{ $json.a }} {{ $json.nil }}',
	])('%s is left to n8n for this item', (raw) => {
		expect(compile(raw)?.(json)).toBe(UNRESOLVED);
		expect(compile({ list: [raw] })?.(json)).toBe(UNRESOLVED);
	});

	test.each([
		'={{ $json.a + 1 }}', '={{ $json.a.toFixed(2) }}', '={{ $json["a" + "b"] }}', '={{ $json.a', '={{ }}', '=\\{{ $json.a }}', '={{{ $json.a }}}', '={{ $json.a // why\n }}',
		'={{ $item(0).$json.a }}', '={{ $("Other").item.json.a }}', '={{ $json[0x1] }}', '={{ $json.list[00] }}', '={{ $json["\\u0061"] }}', '={{ $json.list[-1] }}', '={{ $jsonn.a }}', '={{ JSON.stringify($json, null, 2) }}', '={{ JSON.stringify($json.a) + 1 }}', '={{ JSON.parse($json.a) }}', '={{ $json.toString }}', '={{ $json.__proto__ }}', '={{ $json["constructor"] }}',
	])('%s is left to n8n', (raw) => {
		expect(compile(raw)).toBeUndefined();
		expect(compile({ of: { list: ['literal', raw] } })).toBeUndefined();
	});

	test('a value that leads back to itself is left to n8n at once', () => {
		const ring: Record<string, unknown> = { a: 1 };
		Object.assign(ring, { one: ring, two: ring, list: [ring, ring] });
		for (const raw of ['={{ $json.ring }}', '={{ JSON.stringify($json.ring) }}', '=x {{ $json.ring }}', '={{ $json.ring.list }}']) expect(compile(raw)?.({ ring })).toBe(UNRESOLVED);
		expect(compile('={{ $json.ring.one.two.list[1].a }}')?.({ ring })).toBe(1);
	});

	test('what is given whole is a copy', () => {
		const item = { of: { list: [1] } };
		const given = compile('={{ $json }}')?.(item) as typeof item;
		expect(given).toEqual(item);
		given.of.list.push(2);
		expect(item.of.list).toEqual([1]);
	});

	test('an object of another class is left to n8n, whatever it holds', () => {
		const json = { at: Object.assign(new Date(), { year: 2026 }) };
		for (const raw of ['={{ $json.at.year }}', '={{ $json.at }}', '={{ $json }}']) expect(compile(raw)?.(json)).toBe(UNRESOLVED);
	});
});
