/** The same prompts by HTTP Request, by Cached AI Call, and by an agent whose model is bare or cached, in one n8n. */
import { cachedChatModel, type AiNode } from '../../test/helpers/ai-workflow.mts';
import type { Bench } from '../harness/bench.mts';
import { startMeasuredN8n, type MeasuredN8n, type Node } from './fixture.mts';

const PROMPT = '=tag this package: {{ $json.name }}';
const LITERAL = 'tag this package: a web server';
/** What a fast model takes on a good day. */
const ANSWER_MS = 150;

export default async function ai(bench: Bench): Promise<void> {
	const n8n = await startMeasuredN8n();
	try {
		const { instance, server } = n8n;
		const openAiApi = await instance.createCredential({ name: 'OpenAI', type: 'openAiApi', data: { apiKey: server.apiKey, url: `${server.url}/v1`, header: false } });
		await calls(bench, n8n, { openAiApi });
		await cachedItems(bench, n8n, { openAiApi });
		await agents(bench, n8n, { openAiApi });
	} finally {
		await n8n.close();
	}
}

type Credentials = NonNullable<Node['credentials']>;

function cachedCall(credentials: Credentials, prompt: string, cacheMode: string, options: Readonly<Record<string, unknown>> = {}): Node {
	return {
		type: 'n8n-nodes-fastpath.cachedAiCall',
		parameters: { operation: 'chat', provider: 'openAi', model: { __rl: true, mode: 'id', value: 'gpt-4o-mini' }, promptType: 'text', prompt, cacheMode, options },
		credentials,
	};
}

async function calls(bench: Bench, n8n: MeasuredN8n, credentials: Credentials): Promise<void> {
	const items = bench.pick({ smoke: 3, default: 100, full: 100 });
	const bare: Node = {
		type: 'n8n-nodes-base.httpRequest',
		typeVersion: 4.2,
		parameters: {
			method: 'POST', url: `${n8n.server.url}/v1/chat/completions`, authentication: 'predefinedCredentialType', nodeCredentialType: 'openAiApi',
			sendBody: true, specifyBody: 'json', options: {},
			jsonBody: "={{ JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'tag this package: ' + $json.name }] }) }}",
		},
		credentials,
	};
	for (const delayMs of [0, ANSWER_MS]) {
		await n8n.server.setBehaviour(...(delayMs > 0 ? [{ route: '/v1', delayMs }] : []));
		await bench.compare(
			{ id: `calls-${delayMs}`, title: `${items} prompts, ${delayMs} ms at the model`, unit: 'ms', baseline: 'HTTP Request' },
			[
				await n8n.contender('HTTP Request', bare, items),
				await n8n.contender('Cached AI Call, always asks', cachedCall(credentials, PROMPT, 'refresh'), items),
				await n8n.contender('the same, all at once', cachedCall(credentials, PROMPT, 'refresh', { concurrency: items }), items),
				await n8n.contender('Cached AI Call, hits', cachedCall(credentials, PROMPT, 'readWrite'), items),
			],
			{ rounds: bench.pick({ smoke: 1, default: 5, full: 9 }), warmUp: 1 },
		);
	}
	await n8n.server.setBehaviour();
}

/** What a hit costs in a node with a great many items: parameters, key, look-up, item. */
async function cachedItems(bench: Bench, n8n: MeasuredN8n, credentials: Credentials): Promise<void> {
	const items = bench.pick({ smoke: 10, default: 10_000, full: 10_000 });
	const { rows } = await bench.compare(
		{ id: 'cached-items', title: `${items.toLocaleString('en-US')} items that are in the cache`, unit: 'ms' },
		[
			await n8n.contender('literal parameters', cachedCall(credentials, LITERAL, 'readWrite'), items),
			await n8n.contender('a field of the item in the prompt', cachedCall(credentials, '=tag this package: {{ $json.topic }}', 'readWrite'), items),
			await n8n.contender('any other expression in the prompt', cachedCall(credentials, '=tag this package: {{ $json.index % 100 }}', 'readWrite'), items),
		],
		{ rounds: bench.pick({ smoke: 1, default: 5, full: 7 }), warmUp: bench.pick({ smoke: 0, default: 3, full: 3 }) },
	);
	bench.add({
		id: 'cached-item', title: 'of these, each', unit: 'µs', rounds: rows.length,
		rows: rows.map(({ name, median, low, high }) => ({ name, median: (median * 1000) / items, low: (low * 1000) / items, high: (high * 1000) / items })),
	});
}

async function agents(bench: Bench, n8n: MeasuredN8n, credentials: Credentials): Promise<void> {
	const items = bench.pick({ smoke: 2, default: 10, full: 20 });
	const agent: Node = { type: 'agent', typeVersion: 3, parameters: { promptType: 'define', text: PROMPT, options: {} } };
	const model = (to: string): AiNode => ({
		name: 'Model', type: 'lmChatOpenAi', typeVersion: 1.2, parameters: { model: { mode: 'list', value: 'gpt-4o-mini' }, options: { maxRetries: 0 } },
		credentials, to: [[to, 'ai_languageModel']],
	});
	await n8n.server.setBehaviour({ route: '/v1', delayMs: ANSWER_MS });
	await bench.compare(
		{ id: 'agents', title: `AI Agent, ${items} items, ${ANSWER_MS} ms at the model`, unit: 'ms', baseline: 'bare model' },
		[
			await n8n.contender('bare model', agent, items, [model('Node')]),
			await n8n.contender('Cached Chat Model, hits', agent, items, [cachedChatModel('Node'), model('Cached')]),
		],
		{ rounds: bench.pick({ smoke: 1, default: 5, full: 9 }), warmUp: 1 },
	);
	await n8n.server.setBehaviour();
}
