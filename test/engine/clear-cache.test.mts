import { createRequire } from 'node:module';
import { beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { NODE, runHttp } from '../helpers/http-node.mts';
import { withServer } from '../helpers/with-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
const CHAT = 'POST /v1/chat/completions';
const calls = () => standIn.counters().calls[CHAT] ?? 0;

type Parameters = Record<string, unknown>;

const ai = async (run: Partial<AiRun>) => await runAi({ engine, standIn, workflowId: 'w1', ...run });
const ask = async (prompt: string, parameters: Parameters = {}, run: Partial<AiRun> = {}) =>
	await ai({ parameters: { prompt: `tag this package: ${prompt}`, options: { includeTrace: true }, ...parameters }, ...run });
const clear = async (parameters: Parameters, run: Partial<AiRun> = {}) => await ai({ parameters: { operation: 'clear', ...parameters }, ...run });
const wasCached = async (prompt: string, parameters: Parameters = {}, run: Partial<AiRun> = {}) => answers(await ask(prompt, parameters, run))[0]?.cached;

beforeEach(async () => await getRuntime().store.clear());

describe('Clear Cache of Cached AI Call', () => {
	test('clears what the workflow has stored, says how much it was, and leaves other workflows alone', async () => {
		await ask('one');
		await ask('two');
		await ask('one', {}, { workflowId: 'w2' });
		const cleared = await clear({});
		expect(answers(cleared)).toEqual([{ cleared: 'workflow', of: [], removed: 2, store: 'process' }]);
		expect([await wasCached('one'), await wasCached('one', {}, { workflowId: 'w2' })]).toEqual([false, true]);
	});

	test('clears by tag, also what other workflows have stored, with stars and for each item its own', async () => {
		await ask('one', { cacheTags: 'customer-1, customers' });
		await ask('two', { cacheTags: 'customer-2, customers' }, { workflowId: 'w2' });
		await ask('three', { cacheTags: 'prices' });
		const cleared = await clear({ clear: 'tag', clearTags: '=customer-{{ $json.id }}' }, { input: [{ id: 1 }, { id: 3 }], workflowId: 'w3' });
		expect(answers(cleared).map(({ of, removed }) => [of, removed])).toEqual([[['customer-1'], 1], [['customer-3'], 0]]);
		expect(cleared.items('AI').map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
		expect([await wasCached('one'), await wasCached('two', {}, { workflowId: 'w2' }), await wasCached('three')]).toEqual([false, true, true]);
		expect(answers(await clear({ clear: 'tag', clearTags: 'pri*, customers' }))[0]).toMatchObject({ of: ['pri*', 'customers'], removed: 2 });
		expect([await wasCached('two', {}, { workflowId: 'w2' }), await wasCached('three')]).toEqual([false, false]);
	});

	test('clears what one node has stored', async () => {
		await ask('one');
		await ask('two', { cacheScope: 'node' }, { node: { name: 'AI', id: 'other-node' } });
		expect(answers(await clear({ clear: 'node', clearNode: 'AI' }))[0]).toMatchObject({ cleared: 'node', of: ['AI'], removed: 2 });
		expect(answers(await clear({ clear: 'node', clearNode: 'Else' }))[0]).toMatchObject({ removed: 0 });
	});

	test('clears one key, as the trace shows it', async () => {
		const { key } = answers(await ask('one'))[0]?._fastpath as { key: string };
		await ask('two');
		expect(key).toMatch(/^[0-9a-f]{64}$/);
		expect(answers(await clear({ clear: 'key', clearKey: key }))[0]).toMatchObject({ removed: 1 });
		expect([await wasCached('one'), await wasCached('two')]).toEqual([false, true]);
		expect(answers(await clear({ clear: 'key', clearKey: `${key.slice(0, 12)}*` }))[0]).toMatchObject({ removed: 1 });
	});

	test('clears everything', async () => {
		await ask('one');
		await ask('two', {}, { workflowId: 'w2' });
		expect(answers(await clear({ clear: 'all' }))[0]).toMatchObject({ cleared: 'all', removed: 2 });
		expect([await wasCached('one'), await wasCached('two', {}, { workflowId: 'w2' })]).toEqual([false, false]);
	});

	test('needs no credential of a provider', async () => {
		const result = await clear({}, { node: { credentials: {} } });
		expect(result.error).toBeUndefined();
	});

	test('a call that is under way while its tag is cleared is not served to those who come later', async () => {
		standIn.setBehaviour({ delayMs: 400 });
		const early = ask('slow', { cacheTags: 'slow' });
		await expect.poll(calls).toBe(1);
		await clear({ clear: 'tag', clearTags: 'slow' });
		// Neither joined in flight nor found afterwards.
		const [first, joined] = await Promise.all([early, ask('slow', { cacheTags: 'slow' })]);
		expect([answers(first)[0]?.cached, answers(joined)[0]?.cached, calls()]).toEqual([false, false, 2]);
		expect(await wasCached('slow', { cacheTags: 'slow' })).toBe(true);
	});

	test('the answer to a similar prompt is cleared with its own', async () => {
		const similar = { options: { similarMode: 'on', similarThreshold: 0.3, includeTrace: true } };
		const [one, other] = ['What is the capital of France?', 'please tell me what the capital of France is'];
		const asked = async (prompt: string) => answers(await ai({ parameters: { prompt, ...similar } }))[0]?._fastpath as { cache: string };
		await asked(one);
		expect((await asked(other)).cache).toBe('similar');
		await clear({});
		expect((await asked(other)).cache).toBe('miss');
	});

	test.each<[string, Parameters, RegExp]>([
		['tags', { clear: 'tag', clearTags: ' , ' }, /Invalid Tags to Clear: expected at least one tag, got/],
		['a node', { clear: 'node', clearNode: '={{ "" }}' }, /Invalid Node Name: expected a text that is not empty/],
		['a key', { clear: 'key', clearKey: '={{ undefined }}' }, /Invalid Key: expected a text that is not empty/],
		['a choice', { clear: 'other' }, /Invalid Clear: expected one of/],
	])('without %s clears nothing and says so, with the item', async (_name, parameters, message) => {
		await ask('one');
		const result = await clear(parameters);
		expect(result.error?.message).toMatch(message);
		expect(result.error).toMatchObject({ context: { itemIndex: 0 } });
		expect(await wasCached('one')).toBe(true);
	});

	test('with Continue On Fail clears for the items that can be read', async () => {
		await ask('one', { cacheTags: 'a' });
		const result = await clear({ clear: 'tag', clearTags: '={{ $json.tag }}' }, { input: [{ tag: '' }, { tag: 'a' }], node: { onError: 'continueRegularOutput' } });
		expect(answers(result).map(({ error, removed }) => [typeof error, removed])).toEqual([['string', undefined], ['undefined', 1]]);
	});

	test('tags that are too many are refused, naming the parameter', async () => {
		const result = await ask('one', { cacheTags: Array.from({ length: 21 }, (_, index) => index).join() });
		expect(result.error?.message).toMatch(/Invalid Tags: expected at most 20 tags/);
	});
});

describe('Clear Cache of Pooled HTTP', () => {
	const cache = (more: Parameters = {}) => ({ options: { includeTrace: true, responseCache: { cache: { mode: 'fixed', ttlSeconds: 600, ...more } } } });
	const run = async (parameters: Parameters, workflowId = 'w1') => await runHttp({ engine, parameters, workflowId });
	const clearHttp = async (parameters: Parameters, workflowId?: string) => (await run({ operation: 'clear', ...parameters }, workflowId)).json(NODE)[0];

	async function statusOf(url: string, more?: Parameters, workflowId?: string): Promise<unknown> {
		const result = await run({ url, ...cache(more) }, workflowId);
		expect(result.error).toBeUndefined();
		return (result.json(NODE)[0]?._fastpath as { cache: unknown }).cache;
	}

	test('clears by address, workflow, tag, key and node, and what is cleared is asked for again', async () => {
		await withServer((_request, response) => void response.setHeader('content-type', 'application/json').end('{"n":1}'), async ({ url }) => {
			const [users, orders] = [`${url}/users?id=7`, `${url}/orders`];
			const fill = async () => [await statusOf(users, { cacheTags: 'people' }), await statusOf(orders)];
			expect([await fill(), await fill()]).toEqual([['miss', 'miss'], ['hit', 'hit']]);
			expect(await clearHttp({ clear: 'url', clearUrl: `${url}/users*` }, 'w2')).toMatchObject({ cleared: 'url', of: [`${url}/users*`], store: 'process' });
			expect(await fill()).toEqual(['miss', 'hit']);
			await clearHttp({ clear: 'url', clearUrl: users });
			expect(await fill()).toEqual(['miss', 'hit']);
			await clearHttp({ clear: 'tag', clearTags: 'people' });
			expect(await fill()).toEqual(['miss', 'hit']);
			await clearHttp({ clear: 'workflow' }, 'w2');
			expect(await fill()).toEqual(['hit', 'hit']);
			await clearHttp({ clear: 'workflow' });
			expect(await fill()).toEqual(['miss', 'miss']);
			await clearHttp({ clear: 'node', clearNode: NODE });
			expect(await fill()).toEqual(['miss', 'miss']);
			const { key } = (await run({ url: orders, ...cache() })).json(NODE)[0]?._fastpath as { key: string };
			await clearHttp({ clear: 'key', clearKey: key });
			expect(await fill()).toEqual(['hit', 'miss']);
			await clearHttp({ clear: 'all' });
			expect(await fill()).toEqual(['miss', 'miss']);
		});
	});

	test('keeps no secret of an address, neither of the credential nor of the node', async () => {
		await withServer((_request, response) => void response.setHeader('content-type', 'application/json').end('{"n":1}'), async ({ url }) => {
			const credential = { type: 'httpQueryAuth', data: { name: 'mine', value: 'secret-of-the-credential' } };
			const parameters = { url: `${url}/a?token=secret-of-the-node&id=1`, authentication: 'genericCredentialType', genericAuthType: 'httpQueryAuth', ...cache() };
			const seen: unknown[] = [];
			await runHttp({ engine, parameters, credential, workflowId: 'w1' });
			const memory = getRuntime() as unknown as { store: { inner: { deleteWhere(see: (key: string, marks: unknown) => boolean): number } } };
			memory.store.inner.deleteWhere((_key, marks) => {
				if (marks) seen.push(marks);
				return false;
			});
			expect(seen).toHaveLength(1);
			expect(JSON.stringify(seen)).not.toContain('secret-of');
			expect(seen[0]).toMatchObject({ workflow: 'w1', nodeName: NODE, url: `${url}/a?token=***&id=1` });
			expect(await clearHttp({ clear: 'url', clearUrl: `${url}/a?token=secret-of-the-node&id=1` })).toMatchObject({ removed: 1 });
		});
	});
});
