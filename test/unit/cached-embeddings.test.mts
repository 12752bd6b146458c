import { beforeEach, describe, expect, test } from 'vitest';
import { embeddingsShellOf, type EmbeddingsModel } from '../../lib/langchain/index.ts';
import { SubNodeLog } from '../../lib/n8n/sub-node.ts';
import { Runtime } from '../../lib/runtime/index.ts';
import { embeddingsDesk, type EmbeddingsDeskParts } from '../../nodes/CachedEmbeddings/operations/desk.ts';
import { logContext, settings, type Logged } from '../helpers/chat-models.mts';
import { rejection } from '../helpers/calls.mts';

/** What changes as a model is used; apart from its settings, as what a model is made with tells it from others. */
class State {
	readonly asked: string[][] = [];
	failing: Error | undefined;
	short = 0;
}

/** Vectors that say of which text and kind they are. */
class Model implements EmbeddingsModel {
	readonly model: string;
	readonly state = new State();

	constructor(model = 'small') {
		this.model = model;
	}

	async embedDocuments(texts: string[]): Promise<number[][]> {
		this.state.asked.push(texts);
		await new Promise((resolve) => setImmediate(resolve));
		if (this.state.failing) throw this.state.failing;
		return texts.slice(this.state.short).map((text) => [text.length, 1 / 3]);
	}

	async embedQuery(text: string): Promise<number[]> {
		this.state.asked.push([`query ${text}`]);
		return [text.length, -0.1];
	}
}

describe('Cached Embeddings', () => {
	let runtime: Runtime;
	let logged: Logged[];

	beforeEach(() => {
		runtime = new Runtime();
		logged = [];
	});

	const wrap = (model: Model, parts: Partial<EmbeddingsDeskParts> = {}) =>
		embeddingsShellOf(
			model,
			embeddingsDesk(model, {
				runtime,
				settings: settings(),
				shared: undefined,
				log: new SubNodeLog(logContext(logged), 'ai_embedding'),
				below: [],
				place: { workflowId: 'w', nodeId: 'n' },
				cancel: new AbortController().signal,
				warn: () => undefined,
				repeatableRun: undefined,
				...parts,
			}),
		);

	test('embeds each text once, in one request, and keeps order and exact values', async () => {
		const model = new Model();
		expect(await wrap(model).embedDocuments(['aa', 'b', 'aa'])).toEqual([[2, 1 / 3], [1, 1 / 3], [2, 1 / 3]]);
		expect(model.state.asked).toEqual([['aa', 'b']]);
		expect(await wrap(model).embedDocuments(['b', 'ccc', 'aa'])).toEqual([[1, 1 / 3], [3, 1 / 3], [2, 1 / 3]]);
		expect(model.state.asked[1]).toEqual(['ccc']);
		expect(logged.map(({ output }) => output?.cache)).toEqual([
			{ texts: 3, distinct: 2, hits: 0, misses: 2, shared: 0 },
			{ texts: 3, distinct: 3, hits: 2, misses: 1, shared: 0 },
		]);
	});

	test('keeps queries and documents apart, and models too', async () => {
		const model = new Model();
		const other = new Model('large');
		expect(await wrap(model).embedQuery('aa')).toEqual([2, -0.1]);
		expect(await wrap(model).embedDocuments(['aa'])).toEqual([[2, 1 / 3]]);
		await wrap(other).embedDocuments(['aa']);
		expect(model.state.asked).toEqual([['query aa'], ['aa']]);
		expect(other.state.asked).toEqual([['aa']]);
	});

	test('shares a text that is under way', async () => {
		const model = new Model();
		await Promise.all([wrap(model).embedDocuments(['a', 'b']), wrap(model).embedDocuments(['b', 'c'])]);
		expect(model.state.asked.flat().sort()).toEqual(['a', 'b', 'c']);
	});

	test('gives vectors that may be changed', async () => {
		const model = new Model();
		const [first] = await wrap(model).embedDocuments(['a']);
		first![0] = 99;
		expect(await wrap(model).embedDocuments(['a'])).toEqual([[1, 1 / 3]]);
	});

	test("fails with the model's own error, and keeps nothing of it", async () => {
		const model = new Model();
		model.state.failing = Object.assign(new Error('401 wrong key'), { status: 401 });
		expect(await rejection(wrap(model).embedDocuments(['a', 'b']))).toBe(model.state.failing);
		expect(logged[0]?.error).toMatchObject({ message: '401 wrong key' });
		model.state.failing = undefined;
		expect(await wrap(model).embedDocuments(['a', 'b'])).toHaveLength(2);
	});

	test('says so where the model gives fewer vectors than texts', async () => {
		const model = new Model();
		model.state.short = 1;
		expect(String(await rejection(wrap(model).embedDocuments(['a', 'b'])))).toContain('given 2 texts and gave 1 vectors');
	});

	test('keeps to a budget, which texts from the cache do not touch', async () => {
		const model = new Model();
		const parts = { settings: settings({ budgets: { budget: [{ scope: 'workflow', tokens: 2 }] } }) };
		await wrap(model, parts).embedDocuments(['a']);
		expect(String(await rejection(wrap(model, parts).embedDocuments(['a text that is too long for what is left'])))).toContain('budget of this workflow');
		expect(await wrap(model, parts).embedDocuments(['a'])).toHaveLength(1);
		expect(model.state.asked).toEqual([['a']]);
	});

	test('asks each time where the cache is off', async () => {
		const model = new Model();
		const parts = { settings: settings({}, { cacheMode: 'off' }) };
		await wrap(model, parts).embedDocuments(['a']);
		await wrap(model, parts).embedDocuments(['a']);
		expect(model.state.asked).toHaveLength(2);
	});
});
