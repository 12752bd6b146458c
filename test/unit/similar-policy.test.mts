import { describe, expect, test } from 'vitest';
import { SimilarIndex } from '../../lib/similar/index.ts';
import { VectorIndex } from '../../lib/similar/vectors.ts';
import { SimilarCounts, SimilarPolicy, type SimilarCache, type SimilarOptions } from '../../lib/similar/policy.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { newContext } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';

function setUp(options: Partial<SimilarOptions> = {}, cache: Partial<SimilarCache> = {}) {
	const clock = new FakeClock();
	const kept = new Map<string, { value: unknown; storedAt: number }>();
	const counts = new SimilarCounts();
	const index = new SimilarIndex({ clock });
	const vectors = new VectorIndex({ clock });
	const store = {
		get: async (key: string) => {
			const entry = kept.get(key);
			return entry && { value: entry.value, ageMs: clock.now() - entry.storedAt, ttlMs: 100 };
		},
	};
	const policy = new SimilarPolicy(
		{ mode: 'on', candidates: 'letters', threshold: 0.4, maxAgeMs: 80, showPrompt: false, ...options },
		{ mode: 'readWrite', ttlMs: 100, ...cache },
		{ index, vectors, counts, store },
	);
	/** As the cache behind the stage would do it. */
	const ask = async (text: string, { scope = 's', context = {} }: { scope?: string; context?: Partial<CallContext> } = {}) => {
		const call = newContext({ key: `${scope} ${text}`, prompt: { scope, text }, ...context });
		const value = await policy.execute(async ({ trace, key = '' }) => {
			trace.cache = kept.has(key) ? 'hit' : 'miss';
			if (!kept.has(key)) kept.set(key, { value: `answer to ${text}`, storedAt: clock.now() });
			return kept.get(key)?.value;
		}, call);
		return { value, trace: call.trace };
	};
	return { ask, clock, counts, index, kept, policy, vectors };
}

const FRANCE = 'What is the capital of France?';
const OTHER = 'please tell me what the capital of France is';

describe('the stage for similar prompts', () => {
	test('serves the answer to another wording and says what it matched, how closely and how old', async () => {
		const { ask, clock, counts } = setUp();
		await ask(FRANCE);
		await clock.advance(10);
		const { value, trace } = await ask(OTHER);
		expect(value).toBe(`answer to ${FRANCE}`);
		expect(trace).toMatchObject({ cache: 'similar', ageMs: 10, similar: { mode: 'on', outcome: 'served', threshold: 0.4, maxAgeMs: 80 } });
		expect(trace.similar?.similarity).toBeGreaterThan(0.4);
		expect(trace.similar?.matched).toBe(`s ${FRANCE}`.slice(0, 16));
		expect(trace.similar).not.toHaveProperty('prompt');
		expect(counts.served).toBe(1);
	});

	test('shows the matched prompt to who wants to see it', async () => {
		const { ask } = setUp({ showPrompt: true });
		await ask(FRANCE);
		expect((await ask(OTHER)).trace.similar?.prompt).toBe(FRANCE);
	});

	test('an exact answer goes first', async () => {
		const { ask } = setUp();
		await ask(FRANCE);
		const { trace } = await ask(FRANCE);
		expect(trace.cache).toBe('hit');
		expect(trace).not.toHaveProperty('similar');
	});

	test('in shadow mode it asks all the same, and counts what it would have served', async () => {
		const { ask, counts } = setUp({ mode: 'shadow' });
		await ask(FRANCE);
		const { value, trace } = await ask(OTHER);
		expect(value).toBe(`answer to ${OTHER}`);
		expect(trace).toMatchObject({ cache: 'miss', similar: { mode: 'shadow', outcome: 'wouldServe' } });
		expect(counts).toMatchObject({ served: 0, wouldServe: 1 });
	});

	test('names the veto that kept the closest prompt from being served', async () => {
		const { ask, counts } = setUp();
		await ask(FRANCE);
		const { trace } = await ask('What was the capital of France?');
		expect(trace).toMatchObject({ cache: 'miss', similar: { outcome: 'vetoed', veto: 'words' } });
		expect(counts.vetoed).toBe(1);
	});

	test('what it serves is not learnt: wordings do not lead from one to the next', async () => {
		const { ask, index, kept } = setUp();
		await ask(FRANCE);
		await ask(OTHER);
		expect(index.stats().entries).toBe(1);
		expect(kept.size).toBe(1);
	});

	test('never crosses scopes', async () => {
		const { ask } = setUp();
		await ask(FRANCE, { scope: 'one' });
		expect((await ask(OTHER, { scope: 'two' })).trace.cache).toBe('miss');
	});

	test('an answer beyond the max age, or gone from the store, is not served', async () => {
		const { ask, clock, kept } = setUp();
		await ask(FRANCE);
		await clock.advance(81);
		expect((await ask(OTHER)).trace).toMatchObject({ cache: 'miss', similar: { outcome: 'none' } });
		kept.clear();
		expect((await ask("what's the capital of France")).trace).toMatchObject({ cache: 'miss', similar: { outcome: 'none' } });
	});

	test.each([
		['readOnly', 0],
		['refresh', 1],
		['off', 0],
	] as const)('mode %s: looks and learns as the cache does', async (mode, learnt) => {
		const { ask, index } = setUp({}, { mode });
		const { trace } = await ask(FRANCE);
		expect(index.stats().entries).toBe(learnt);
		expect('similar' in trace).toBe(mode === 'readOnly');
	});

	test('a call without a prompt of its own passes through', async () => {
		const { ask } = setUp();
		await ask(FRANCE);
		expect((await ask(OTHER, { context: { prompt: undefined } })).trace.cache).toBe('miss');
	});
});

describe('candidates from embeddings', () => {
	/** Prompts by what they are about; `asked` counts what a provider would be asked for. */
	function withVectors(options: Partial<SimilarOptions> = {}, cache: Partial<SimilarCache> = {}) {
		const parts = setUp({ candidates: 'embeddings', threshold: 0.9, ...options }, cache);
		const asked: string[] = [];
		const vectorOf = (text: string) => async (signal: AbortSignal | undefined) => {
			if (!signal) return undefined;
			asked.push(text);
			if (text.includes('broken')) throw new Error('no embedding');
			return { values: text.includes('capital') ? [1, 0.1] : [0.1, 1], costUsd: 0.01, tokens: 7, cached: false };
		};
		const ask = async (text: string, context: Partial<CallContext> = {}) =>
			await parts.ask(text, { context: { prompt: { scope: 's', text, vector: vectorOf(text) }, ...context } });
		return { ...parts, ask, asked, vectorOf };
	}

	test('serve the answer to another wording, asked for once per prompt, and the trace says what it took', async () => {
		const { ask, asked, counts } = withVectors();
		await ask(FRANCE);
		const { value, trace } = await ask(OTHER);
		expect(value).toBe(`answer to ${FRANCE}`);
		expect(asked).toEqual([FRANCE, OTHER]);
		expect(trace.similar).toMatchObject({ candidates: 'embeddings', outcome: 'served', similarity: 1, embedding: { costUsd: 0.01, tokens: 7, cached: false } });
		expect(counts.served).toBe(1);
	});

	test('are judged by the same guard', async () => {
		const { ask } = withVectors();
		await ask(FRANCE);
		const { value, trace } = await ask('What is the capital of Spain?');
		expect(value).toBe('answer to What is the capital of Spain?');
		expect(trace.similar).toMatchObject({ outcome: 'vetoed', veto: 'names' });
	});

	test('are none below the threshold', async () => {
		const { ask } = withVectors();
		await ask(FRANCE);
		expect((await ask('What is the weather like in France?')).trace.similar).toMatchObject({ outcome: 'none' });
	});

	test('an exact answer asks for no embedding', async () => {
		const { ask, asked } = withVectors();
		await ask(FRANCE);
		await ask(FRANCE);
		expect(asked).toEqual([FRANCE]);
	});

	test('that cannot be had leave the call as it is', async () => {
		const { ask, vectors } = withVectors();
		const { value, trace } = await ask('broken capital');
		expect(value).toBe('answer to broken capital');
		expect(trace.similar).toMatchObject({ outcome: 'none' });
		expect(trace.similar).not.toHaveProperty('embedding');
		expect(vectors.stats().entries).toBe(0);
	});

	test('shadow mode asks for both, and reports', async () => {
		const { ask, counts } = withVectors({ mode: 'shadow' });
		await ask(FRANCE);
		const { value, trace } = await ask(OTHER);
		expect(value).toBe(`answer to ${OTHER}`);
		expect(trace.similar).toMatchObject({ outcome: 'wouldServe' });
		expect(counts.wouldServe).toBe(1);
	});

	test('forget an answer that is gone', async () => {
		const { ask, kept, vectors } = withVectors();
		await ask(FRANCE);
		kept.clear();
		expect((await ask(OTHER)).trace.cache).toBe('miss');
		expect(vectors.stats().entries).toBe(1);
	});

	test('without a signal nothing is asked for: a peek counts and forgets nothing', async () => {
		const { ask, asked, counts, kept, policy, vectorOf, vectors } = withVectors();
		await ask(FRANCE);
		expect(await policy.peek({ scope: 's', text: OTHER, vector: vectorOf(OTHER) })).toMatchObject({ outcome: 'none' });
		const there = { scope: 's', text: OTHER, vector: async () => ({ values: [1, 0.1], costUsd: 0, tokens: 0, cached: true }) };
		expect(await policy.peek(there)).toMatchObject({ outcome: 'wouldServe' });
		kept.clear();
		expect(await policy.peek(there)).toMatchObject({ outcome: 'none' });
		expect([asked.length, counts.served, counts.wouldServe, vectors.stats().entries]).toEqual([1, 0, 0, 1]);
	});
});
