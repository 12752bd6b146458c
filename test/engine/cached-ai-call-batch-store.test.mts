import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { aiWorkflow, answers, texts } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { batchesOf, done, forgetEverything } from '../helpers/batch-flow.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const INPUT = ['one', 'two', 'one'].map((name, index) => ({ prompt: `tag this package: ${name}`, number: index }));
const created = () => standIn.counters().calls['POST /v1/batches'] ?? 0;

describe.skipIf(redisIsMissing())('with a shared store', () => {
	let server: RedisServer;

	beforeAll(async () => {
		server = await RedisServer.start();
	});

	beforeEach(async () => {
		forgetEverything();
		await server.command('FLUSHALL');
	});

	afterAll(async () => await server.stop());

	async function run(operation: string, input: Array<Record<string, unknown>>) {
		const { nodes, ...rest } = aiWorkflow({
			workflowId: 'shared-batches',
			parameters: { operation, store: 'shared', prompt: '={{ $json.prompt }}', reference: '={{ $json.number }}', batchId: '={{ $json.batchId }}' },
		});
		return await engine.run({
			workflow: {
				...rest,
				nodes: nodes.map((node) => (node.credentials ? { ...node, credentials: { ...node.credentials, fastpathStoreApi: { id: 'store-1', name: 'store' } } } : node)),
			},
			credentials: [
				{ name: 'key', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } },
				{ name: 'store', type: 'fastpathStoreApi', data: { host: server.host, port: server.port, prefix: 'fastpath', database: 0 } },
			],
			input,
		});
	}

	test('another process collects by the ID alone, with references, and all of them have the answers', async () => {
		const [batch] = batchesOf(await run('submitBatch', INPUT));
		await done([batch ?? {}]);
		forgetEverything();
		const collected = await run('collectBatch', [{ batchId: batch?.batchId }]);
		expect(collected.error).toBeUndefined();
		expect(answers(collected).map(({ reference }) => reference)).toEqual([0, 1, 2]);
		forgetEverything();
		const before = standIn.counters().requests;
		expect(texts(await run('chat', INPUT))).toEqual(texts(collected));
		expect(standIn.counters().requests).toBe(before);
	});

	test('another process does not submit what is under way', async () => {
		const [batch] = batchesOf(await run('submitBatch', INPUT));
		forgetEverything();
		const [again] = batchesOf(await run('submitBatch', INPUT));
		expect(again).toMatchObject({ batchId: batch?.batchId, resumed: true, items: batch?.items });
		expect(created()).toBe(1);
	});

	test('that dies nothing is lost but the memory of what was sent', async () => {
		const [batch] = batchesOf(await run('submitBatch', INPUT));
		await done([batch ?? {}]);
		forgetEverything();
		await server.kill();
		const collected = await run('collectBatch', [batch ?? {}]);
		await server.start();
		expect(collected.error).toBeUndefined();
		expect(answers(collected).map(({ reference }) => reference)).toEqual([0, 1, 2]);
	});
});
