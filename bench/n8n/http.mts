/** HTTP Request, Pooled HTTP and Batch Request on the same items in one n8n. */
import type { Contender } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { startMeasuredN8n, type MeasuredN8n, type Node } from './fixture.mts';

const THEIRS = 'HTTP Request';
const NODES: ReadonlyArray<readonly [name: string, node: Pick<Node, 'type' | 'typeVersion'>]> = [
	[THEIRS, { type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 }],
	['Pooled HTTP', { type: 'n8n-nodes-fastpath.pooledHttp', typeVersion: 4.2 }],
	['Batch Request', { type: 'n8n-nodes-fastpath.batchRequest', typeVersion: 1 }],
];

/** HTTP Request sends all at once; of more, ours alone are measured. */
const MOST_AT_ONCE = 1000;

/** So many executions of 200 items it takes until the next ones are no faster. */
const WARM_UP = 15;

interface Scenario {
	readonly id: string;
	readonly title: string;
	readonly items: number;
	readonly parameters: Record<string, unknown>;
	readonly credentials?: Node['credentials'];
}

export default async function http(bench: Bench): Promise<void> {
	const n8n = await startMeasuredN8n();
	try {
		const all = await scenarios(bench, n8n);
		await first(bench, n8n, all);
		for (const scenario of all) await measure(bench, n8n, scenario);
	} finally {
		await n8n.close();
	}
}

async function scenarios(bench: Bench, { instance, server }: MeasuredN8n): Promise<Scenario[]> {
	const credential = await instance.createCredential({ name: 'Header', type: 'httpHeaderAuth', data: { name: 'x-key', value: 'for the benchmark' } });
	const options = { allowUnauthorizedCerts: true };
	const literal = { url: `${server.httpsUrl}/slow/0`, options };
	const many = bench.pick({ smoke: 5, default: 200, full: 200 });
	const counts = bench.pick({ smoke: [], default: [1, 1000], full: [1, 10, 100, 1000, 10_000] });
	return [
		{ id: 'literal', title: `${many} https items, one address`, items: many, parameters: literal },
		{ id: 'expression', title: `${many} https items, an address each`, items: many, parameters: { ...literal, url: `=${server.httpsUrl}/api/packages/{{ $json.index }}` } },
		{ id: 'computed', title: `${many} https items, an address each, computed`, items: many, parameters: { ...literal, url: `=${server.httpsUrl}/api/packages/{{ $json.index % 100 }}` } },
		{
			id: 'credential', title: `${many} https items, with a credential`, items: many, credentials: { httpHeaderAuth: credential },
			parameters: { ...literal, authentication: 'genericCredentialType', genericAuthType: 'httpHeaderAuth' },
		},
		{ id: 'plain', title: `${many} http items, one address`, items: many, parameters: { url: `${server.url}/slow/0`, options: {} } },
		{ id: 'waiting', title: `${many} https items, 20 ms at the server`, items: many, parameters: { ...literal, url: `${server.httpsUrl}/slow/20` } },
		...counts.map((items) => ({ id: `items-${items}`, title: `${items.toLocaleString('en-US')} https items, one address`, items, parameters: literal })),
	];
}

/** In an n8n that has just started. */
async function first(bench: Bench, n8n: MeasuredN8n, [literal]: readonly Scenario[]): Promise<void> {
	if (!literal) return;
	const title = `${literal.items} https items, one address, the first time after a start`;
	await bench.compare({ id: 'first', title, unit: 'ms', baseline: THEIRS }, await contendersFor(n8n, literal), { rounds: 1, warmUp: 0 });
}

async function contendersFor(n8n: MeasuredN8n, { items, parameters, credentials }: Scenario): Promise<Contender[]> {
	const contenders = [await n8n.contender('No Operation', { type: 'n8n-nodes-base.noOp' }, items)];
	for (const [name, node] of items > MOST_AT_ONCE ? NODES.filter(([name]) => name !== THEIRS) : NODES) {
		// One address for all items would otherwise be one request of Batch Request's.
		const own = node.type.endsWith('.batchRequest') ? { ...parameters, options: { ...(parameters.options as object), identicalRequests: 'each' } } : parameters;
		contenders.push(await n8n.contender(name, { ...node, parameters: own, ...(credentials ? { credentials } : {}) }, items));
	}
	return contenders;
}

async function measure(bench: Bench, n8n: MeasuredN8n, scenario: Scenario): Promise<void> {
	const { id, title } = scenario;
	await bench.compare({ id, title, unit: 'ms', baseline: THEIRS }, await contendersFor(n8n, scenario), { rounds: bench.pick({ smoke: 1, default: 5, full: 9 }), warmUp: bench.pick({ smoke: 0, default: WARM_UP, full: WARM_UP }) });
}
