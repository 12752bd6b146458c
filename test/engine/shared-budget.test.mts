import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime } from '../../lib/runtime/index.ts';
import { answers, runAi } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const PLACE = Symbol.for('n8n-nodes-fastpath/runtime@1');

/** What the process remembers is gone, as after a restart, or as in another worker. */
async function forgetAll(): Promise<void> {
	const place = globalThis as { [PLACE]?: { runtime: Runtime } };
	const present = place[PLACE];
	delete place[PLACE];
	await present?.runtime.dispose();
}

describe.skipIf(redisIsMissing())('a budget per day with a shared store', () => {
	let redis: RedisServer;
	let runs = 0;

	beforeAll(async () => {
		redis = await RedisServer.start();
	});

	afterAll(async () => {
		await forgetAll();
		await redis.stop();
	});

	async function run(more: { workflowId: string; explain?: boolean }): Promise<{ refused: number; explained: Record<string, unknown> | undefined }> {
		const { workflowId, explain = false } = more;
		runs += 1;
		const result = await runAi({
			engine,
			standIn,
			workflowId,
			store: { host: redis.host, port: redis.port, prefix: 'fastpath', database: 0 },
			node: { onError: 'continueRegularOutput' },
			input: Array.from({ length: 5 }, (_, index) => ({ text: `tag this package: number ${index} of run ${runs}` })),
			parameters: {
				prompt: '={{ $json.text }}',
				cacheMode: 'off',
				options: { concurrency: 1, explain, budgets: { budget: [{ scope: 'workflow', tokens: 100 }] } },
			},
		});
		expect(result.error).toBeUndefined();
		return { refused: answers(result).filter(({ error }) => /budget/.test(String(error))).length, explained: answers(result)[0] };
	}

	const sent = () => standIn.counters().requests;

	test('counts what other processes spent, also those that are gone, and with the cache off', async () => {
		expect(await run({ workflowId: 'one' })).toMatchObject({ refused: 0 });
		await forgetAll();
		const second = await run({ workflowId: 'one' });
		expect(second.refused).toBeGreaterThan(0);
		const before = sent();
		await forgetAll();
		expect(await run({ workflowId: 'one' })).toMatchObject({ refused: 5 });
		expect(sent()).toBe(before);
		expect(standIn.counters().tokens.total).toBeLessThan(130);
		const { explained } = await run({ workflowId: 'one', explain: true });
		expect(explained).toMatchObject({ heldUpBy: ['budget of this workflow'] });
		expect(await run({ workflowId: 'another' })).toMatchObject({ refused: 0 });
	});

	test('goes on by itself while the store is out', async () => {
		await run({ workflowId: 'three' });
		await redis.kill();
		const during = await run({ workflowId: 'three' });
		expect(during.refused).toBeGreaterThan(0);
		expect(await run({ workflowId: 'three' })).toMatchObject({ refused: 5 });
	});
});
