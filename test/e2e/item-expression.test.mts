/** What we say that an expression comes to, held against the engines of the n8n in .n8n/app. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as N8nWorkflow from 'n8n-workflow';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile, UNRESOLVED } from '../../lib/n8n/item-expression.ts';
import { n8nBin } from '../helpers/n8n-package.mts';

type Api = typeof N8nWorkflow;
type Workflow = InstanceType<Api['Workflow']>;

const VALUES = [
	'', 'plain', ' spaced ', '=1', '{{ $json.x }}', '}}', 'two\nlines', '"quoted"', "it's", '\\n', '<b>&amp;</b>', 'ключ 鍵 😀', '\ud800', '__proto__', '${x}', '`x`', '2026-11-21T00:00:00.000Z', 'x'.repeat(70_000),
	0, -0, 1, -1, 0.1, 1e21, 1e-7, 123456789012345680000, 2 ** 53, Number.MAX_VALUE, 5e-324, true, false, null, [], [1, 2], {}, { a: 1 }, [[null]],
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

/** What n8n makes of it, or that it refuses. */
function theirs(raw: unknown, json: N8nWorkflow.IDataObject): unknown {
	try {
		return workflow.expression.getParameterValue(raw as string, null, 0, 0, 'Node', [{ json }], 'manual', {});
	} catch {
		return REFUSED;
	}
}

const REFUSED = Symbol('refused');

/** All forms with one value, and all values in one form: every place meets both. */
function* cases(): Generator<[raw: string, json: N8nWorkflow.IDataObject]> {
	const jsonOf = (name: string, value: unknown) => ({ [name]: value, deep: { [name]: value }, list: [{ [name]: value }] }) as N8nWorkflow.IDataObject;
	for (const place of PLACES) for (const form of FORMS) for (const name of NAMES) if (place.includes(name)) yield [form(place), jsonOf(name, 'v')];
	for (const form of FORMS) for (const value of VALUES) for (const place of ['$json.id', '$json.deep.id', '$json.list[0].id', '$json.deep', '$json.list', '$json']) yield [form(place), jsonOf('id', value)];
}

describe.each(['legacy', 'vm'] as const)('the engine %s', (engine) => {
	let isVm = false;

	beforeAll(async () => {
		if (engine === 'legacy') return;
		await api.Expression.initExpressionEngine({ engine, poolSize: 1, maxCodeCacheSize: 1000, bridgeTimeout: 30_000, bridgeMemoryLimit: 128 } as Parameters<Api['Expression']['initExpressionEngine']>[0]);
		isVm = await workflow.expression.acquireIsolate();
		expect(isVm).toBe(true);
	});

	afterAll(async () => {
		if (isVm) await workflow.expression.releaseIsolate();
	});

	test('says of every place what we say of it', () => {
		const wrong: unknown[] = [];
		let [resolved, refused] = [0, 0];
		for (const [raw, json] of cases()) {
			const ours = compile(raw)?.(json);
			if (ours === undefined || ours === UNRESOLVED) continue;
			resolved += 1;
			const value = theirs(raw, json);
			// Of a name that n8n refuses for every item nothing is ever taken from us: its first answer is waited for.
			if (value === REFUSED) refused += 1;
			else if (JSON.stringify(value) !== JSON.stringify(ours)) wrong.push({ raw, ours, value });
		}
		expect(wrong.slice(0, 10)).toEqual([]);
		expect(resolved).toBeGreaterThan(1000);
		expect(refused).toBeLessThan(resolved / 3);
	}, 120_000);

	test('makes of lists and members what we make of them', () => {
		const json = { id: 7, text: 'x' };
		for (const raw of [{ parameters: [{ name: 'a', value: '={{ $json.id }}' }, { name: '=b{{ $json.id }}', value: 'literal' }] }, ['={{ $json.text }}', null, 1], {}, []]) {
			expect(JSON.stringify(compile(raw)?.(json))).toBe(JSON.stringify(theirs(raw, json)));
		}
	});
});
