/** What we say that an expression comes to, held against the engines of the n8n in .n8n/app. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as N8nWorkflow from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, UNRESOLVED } from '../../lib/n8n/item-expression.ts';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters.ts';
import { n8nBin } from '../helpers/n8n-package.mts';

type Api = typeof N8nWorkflow;
type Workflow = InstanceType<Api['Workflow']>;

const VALUES: readonly unknown[] = [
	'', 'plain', 'a\0b', ' spaced ', '=1', '{{ $json.x }}', '}}', 'two\nlines', '"quoted"', "it's", '\\n', '<b>&amp;</b>', 'ключ 鍵 😀', '\ud800', '__proto__', '${x}', '`x`', '2026-11-21T00:00:00.000Z', 'x'.repeat(70_000),
	0, -0, 1, -1, 0.1, 1e21, 1e-7, 123456789012345680000, 2 ** 53, Number.MAX_VALUE, 5e-324, true, false, null, [], [1, 2], {}, { a: 1 }, [[null]], { toString: 'x' }, { constructor: 'x', a: 1 }, [{ valueOf: 1 }], { length: 2, 0: 'a' }, new Date(0),
];

const NAMES = ['id', 'x', '$', '_private', 'length', 'name', 'toString', 'constructor', 'caller', 'arguments', 'item', 'json', 'a1', 'class', 'isEmpty', 'first'];

const PLACES = NAMES.flatMap((name) => [`$json.${name}`, `$json.deep.${name}`, `$json.deep?.${name}`, `$json["${name}"]`, `$json['deep'].${name}`, `$json.list[0].${name}`]);

const FORMS = [
	(place: string) => `={{ ${place} }}`,
	(place: string) => `={{${place}}}`,
	(place: string) => `={{\n${place}\t}}`,
	(place: string) => `={{ JSON.stringify(${place}) }}`,
	(place: string) => `={ "a": {{ JSON.stringify( ${place} ) }}, "b": "{{ ${place} }}" }`,
	(place: string) => `= {{ ${place} }}`,
	(place: string) => `={{ ${place} }}\n`,
	(place: string) => `=https://api.example.com/{{ ${place} }}/orders?of={{ ${place} }}`,
	(place: string) => `={"id":{{ ${place} }}}`,
	(place: string) => `={"id":"{{ ${place} }}"} }} {`,
	(place: string) => `={{ ${place} }}{{ ${place} }}`,
	(place: string) => `=$json.id \`\${x}\` "quoted" 'text' {{ ${place} }}\r\n// no comment`,
];

let api: Api;
let workflow: Workflow;

beforeAll(async () => {
	const bin = await n8nBin();
	api = createRequire(path.join(path.dirname(bin), '../package.json'))('n8n-workflow') as Api;
	workflow = new api.Workflow({
		nodes: [{ id: '1', name: 'Node', type: 'any', typeVersion: 1, position: [0, 0], parameters: {} }],
		connections: {},
		active: false,
		nodeTypes: { getByNameAndVersion: () => ({ description: { properties: [] } }) } as unknown as N8nWorkflow.INodeTypes,
	});
}, 600_000);

function asked(raw: unknown, json: N8nWorkflow.IDataObject): unknown {
	return workflow.expression.getParameterValue(raw as string, null, 0, 0, 'Node', [{ json }], 'manual', {});
}

/** What comes of it, or that it is refused. */
function tried(read: () => unknown): unknown {
	try {
		return read();
	} catch {
		return REFUSED;
	}
}

const REFUSED = Symbol('refused');

/** With the class of an object, which JSON does not tell. */
function written(value: unknown): string {
	return value === REFUSED ? 'refused' : `${Object.prototype.toString.call(value)} ${JSON.stringify(value)}`;
}

/** All places in all forms, and all values in all forms; beside each, an item that is as plain as can be. */
function* cases(): Generator<[raw: string, json: N8nWorkflow.IDataObject, plain: N8nWorkflow.IDataObject]> {
	const jsonOf = (name: string, value: unknown) => ({ [name]: value, deep: { [name]: value }, list: [{ [name]: value }] }) as N8nWorkflow.IDataObject;
	for (const place of PLACES) for (const form of FORMS) for (const name of NAMES) if (place.includes(name)) yield [form(place), jsonOf(name, 'v'), jsonOf(name, 'w')];
	for (const form of FORMS) for (const value of VALUES) for (const place of ['$json.id', '$json.deep.id', '$json.list[0].id', '$json.deep', '$json.list', '$json']) yield [form(place), jsonOf('id', value), jsonOf('id', 'w')];
}

/** As long as nothing was compared with n8n, nothing is taken from us: what n8n refuses of any item it is asked for each time. */
describe.each(['legacy', 'vm', 'quickjs'] as const)('the engine %s', (engine) => {
	let isHeld = false;

	beforeAll(async () => {
		if (engine === 'legacy') return;
		await api.Expression.initExpressionEngine({ engine, poolSize: 1, maxCodeCacheSize: 1000, bridgeTimeout: 30_000, bridgeMemoryLimit: 128 } as Parameters<Api['Expression']['initExpressionEngine']>[0]);
		isHeld = await workflow.expression.acquireIsolate();
		expect(isHeld).toBe(true);
	});

	afterAll(async () => {
		if (isHeld) await workflow.expression.releaseIsolate();
		await api.Expression.disposeExpressionEngine();
	});

	test('says of every place what we say of it', () => {
		const wrong: unknown[] = [];
		let resolved = 0;
		for (const [raw, json, plain] of cases()) {
			const ours = compile(raw)?.(json);
			if (ours === undefined || ours === UNRESOLVED) continue;
			resolved += 1;
			const value = tried(() => asked(raw, json));
			if (value === REFUSED ? tried(() => asked(raw, plain)) !== REFUSED : JSON.stringify(value) !== JSON.stringify(ours)) wrong.push({ raw, ours, value });
		}
		expect(wrong.slice(0, 10)).toEqual([]);
		expect(resolved).toBeGreaterThan(1000);
	}, 120_000);

	test('is believed and asked as it should be over many items', () => {
		const items = [{ of: { constructor: 'x' } }, { of: { a: 1 } }, { of: 'text' }, { of: { constructor: 'x' } }, {}, { of: new Date(0) }, { of: { a: [null] } }, { of: null }].map((json) => ({ json: json as N8nWorkflow.IDataObject }));
		for (const raw of ['={{ $json.of }}', '= {{ $json.of }}', '={{ JSON.stringify($json.of) }}', '={{ $json }}']) {
			const context = {
				getNode: () => ({ parameters: { raw } }),
				getInputData: () => items,
				getNodeParameter: (_name: string, itemIndex: number) => asked(raw, items[itemIndex]?.json ?? {}),
			} as unknown as ParameterContext;
			const read = perItem(context, (from, itemIndex): unknown => from.getNodeParameter('raw', itemIndex));
			expect(items.map((_item, index) => written(tried(() => read(index)))), raw).toEqual(items.map(({ json }) => written(tried(() => asked(raw, json)))));
		}
	});

	test('makes of lists and members what we make of them', () => {
		const json = { id: 7, text: 'x' };
		for (const raw of [{ parameters: [{ name: 'a', value: '={{ $json.id }}' }, { name: '=b{{ $json.id }}', value: 'literal' }] }, ['={{ $json.text }}', null, 1], {}, []]) {
			expect(JSON.stringify(compile(raw)?.(json))).toBe(JSON.stringify(asked(raw, json)));
		}
	});
});
