import { describe, expect, test } from 'vitest';
import { answers, runAi, texts } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { batchesOf, done, follow, forgetEverything, submit } from '../helpers/batch-flow.mts';

const prompts = (...names: string[]) => names.map((name) => `tag this package: ${name}`);
const PROVIDERS = ['openAi', 'anthropic', 'gemini'];
const CREATE: Record<string, string> = {
	openAi: 'POST /v1/batches',
	anthropic: 'POST /v1/messages/batches',
	gemini: 'POST /v1beta/models/:model:batchGenerateContent',
};
const created = (provider = 'openAi') => standIn.counters().calls[CREATE[provider] ?? ''] ?? 0;
const failing = { node: { onError: 'continueRegularOutput' } } as const;

describe.each(PROVIDERS)('a batch at %s', (provider) => {
	const run = { provider };

	test('is submitted, looked at until it is done, and collected in the order of the items', async () => {
		const asked = prompts('first', 'second', 'third', 'second', 'fourth');
		const [batch, ...others] = batchesOf(await submit(asked, run));
		expect(others).toEqual([]);
		expect(batch).toMatchObject({ done: false, resumed: false, counts: { total: 4, completed: 0, failed: 0 } });
		expect(Date.parse(String(batch?.createdAt))).toBeGreaterThan(0);
		const [ended] = await done([batch ?? {}], run);
		expect(ended).toMatchObject({ state: 'completed', done: true, counts: { total: 4, completed: 4, failed: 0 } });

		const collected = await follow('collectBatch', [ended ?? {}], { ...run, parameters: { options: { includeTrace: true } } });
		expect(answers(collected).map(({ reference, item }) => [reference, item])).toEqual([0, 1, 2, 3, 4].map((index) => [`no ${index}`, index]));
		// The same as single calls would have been answered with, which the cache can do by now.
		const before = standIn.counters().requests;
		const single = await runAi({ engine, standIn, workflowId: 'batches', parameters: { provider, prompt: '={{ $json.prompt }}' }, input: asked.map((prompt) => ({ prompt })) });
		expect(texts(single)).toEqual(texts(collected));
		expect(new Set(texts(collected)).size).toBe(4);
		expect(standIn.counters().requests).toBe(before);
		// Two that ask the same are charged once.
		expect(answers(collected).map(({ cached }) => cached)).toEqual([false, false, false, true, false]);
		expect(answers(collected)[0]).toMatchObject({ finishReason: 'stop', _fastpath: { cache: 'miss', batch: batch?.batchId } });
		expect(collected.items('AI').map(({ pairedItem }) => pairedItem)).toEqual(asked.map(() => ({ item: 0 })));
		expect(created(provider)).toBe(1);
	});

	test('tells of each request that has no answer why, and of the others what it is', async () => {
		const bad = provider === 'gemini' ? ['[is cancelled]'] : ['[expires]', '[is cancelled]'];
		const asked = prompts(`good ${provider}`, `bad [fails] ${provider}`, ...bad.map((word) => `bad ${word} ${provider}`), `fine ${provider}`);
		const ended = await done(batchesOf(await submit(asked, run)), run);
		const collected = await follow('collectBatch', ended, { ...run, ...failing });
		const states = answers(collected).map(({ text, details }) => (text === undefined ? (details as Record<string, unknown>).state : 'answered'));
		expect(states).toEqual(['answered', 'failed', ...(provider === 'gemini' ? ['cancelled'] : ['expired', 'cancelled']), 'answered']);
		expect(answers(collected)[1]).toMatchObject({ error: expect.stringMatching(/status 400: The request is not what it must be/), details: { httpCode: '400', reference: 'no 1', item: 1 } });
		const stopped = await follow('collectBatch', ended, run);
		expect(stopped.error?.message).toMatch(/^[23] of [45] requests of the batch have no answer. The first of them: The AI provider answered with status 400/);
	});

	test('that fails as a whole says so', async () => {
		const submitted = await submit(prompts(`x [spoils the batch] ${provider}`), run);
		if (provider === 'anthropic') {
			expect(submitted.error?.message).toMatch(/status 400: requests: The batch is spoilt/);
			return;
		}
		const ended = await done(batchesOf(submitted), run);
		expect(ended[0]).toMatchObject({ state: 'failed', done: true, message: 'The batch is spoilt.' });
		const collected = await follow('collectBatch', ended, { ...run, ...failing });
		expect(answers(collected)).toMatchObject([{ error: expect.stringMatching(/^The batch .* failed: The batch is spoilt\.$/), details: { state: 'failed', reference: 'no 0' } }]);
	});

	test('can be cancelled', async () => {
		const batches = batchesOf(await submit(prompts(`to be cancelled at ${provider}`), run));
		const cancelled = batchesOf(await follow('cancelBatch', batches, run));
		expect(cancelled[0]).toMatchObject({ batchId: batches[0]?.batchId, items: batches[0]?.items });
		const ended = await done(cancelled, run);
		expect(ended[0]).toMatchObject({ state: 'cancelled' });
		const collected = await follow('collectBatch', ended, { ...run, ...failing });
		expect(answers(collected)[0]).toMatchObject({ error: expect.stringMatching(/cancelled/), details: { state: 'cancelled' } });
	});

	test('is not found, or not with that key: both are told', async () => {
		const unknown = await follow('getBatch', [{ batchId: 'no-such-batch' }], run);
		expect(unknown.error?.message).toMatch(/status 404/);
		const refused = await submit(prompts('refused'), { ...run, credential: { apiKey: 'wrong' } });
		expect(refused.error?.message).toMatch(/status 40[01]/);
		expect(created(provider)).toBe(provider === 'openAi' ? 0 : 1);
	});
});

describe('a batch at Gemini', () => {
	const run = { provider: 'gemini' };

	test('whose answers are in a file is read from there', async () => {
		const collected = await follow('collectBatch', await done(batchesOf(await submit(prompts('one [in a file]', 'two [in a file]', 'three'), run)), run), run);
		expect(answers(collected).map(({ reference, finishReason }) => [reference, finishReason])).toEqual([0, 1, 2].map((index) => [`no ${index}`, 'stop']));
		expect(standIn.counters().calls['GET /v1beta/files/:id:download']).toBe(1);
	});

	test('that expired has no results, which each of its items says', async () => {
		const ended = await done(batchesOf(await submit(prompts('good', 'late [expires]'), run)), run);
		expect(ended[0]).toMatchObject({ state: 'expired', done: true });
		const collected = await follow('collectBatch', ended, { ...run, ...failing });
		expect(answers(collected).map(({ error, details }) => [error, (details as { state: string }).state])).toEqual(
			[0, 1].map(() => [expect.stringMatching(/^The batch batches\/\w+ is expired$/), 'expired']),
		);
	});
});

describe('what the cache has', () => {
	test('is left out of the batch, and comes out with the others', async () => {
		await runAi({ engine, standIn, workflowId: 'batches', parameters: { prompt: 'tag this package: known' } });
		const [batch] = batchesOf(await submit(prompts('new one', 'known', 'new two')));
		expect(batch).toMatchObject({ counts: { total: 2 }, items: [{ item: 0, request: 0 }, { item: 1, answer: { finishReason: 'stop' } }, { item: 2, request: 1 }] });
		const collected = await follow('collectBatch', await done([batch ?? {}]));
		expect(answers(collected).map(({ reference, cached }) => [reference, cached])).toEqual([['no 0', false], ['no 1', true], ['no 2', false]]);
		expect(answers(collected)[1]?.costUsd).toBe(0);
	});

	test('needs no batch where it is all that is asked for', async () => {
		await runAi({ engine, standIn, workflowId: 'batches', parameters: { prompt: 'tag this package: all known' } });
		const submitted = await submit(prompts('all known'));
		expect(batchesOf(submitted)[0]).toMatchObject({ batchId: '', done: true, state: 'completed' });
		expect(submitted.hints.map(({ message }) => message).join()).toMatch(/1 items: 0 requests in 0 batches; 1 answered by the cache/);
		const looked = batchesOf(await follow('getBatch', batchesOf(submitted)));
		const collected = await follow('collectBatch', looked);
		expect(answers(collected)).toMatchObject([{ reference: 'no 0', cached: true, costUsd: 0 }]);
		expect(created()).toBe(0);
	});

	test('is cleared with the rest of what the workflow has stored', async () => {
		const asked = prompts('to be cleared');
		await follow('collectBatch', await done(batchesOf(await submit(asked))));
		expect(batchesOf(await submit(asked))[0]).toMatchObject({ batchId: '' });
		await runAi({ engine, standIn, workflowId: 'another', parameters: { operation: 'clear' } });
		expect(batchesOf(await submit(asked))[0]).toMatchObject({ batchId: '' });
		await runAi({ engine, standIn, workflowId: 'batches', parameters: { operation: 'clear' } });
		expect(batchesOf(await submit(asked))[0]).toMatchObject({ counts: { total: 1 } });
	});

	test('is not looked for where it is switched off, and nothing is stored', async () => {
		const off = { parameters: { cacheMode: 'off' } };
		const asked = prompts('never cached', 'never cached');
		const [batch] = batchesOf(await submit(asked, off));
		expect(batch).toMatchObject({ counts: { total: 2 } });
		const collected = await follow('collectBatch', await done([batch ?? {}]));
		expect(answers(collected).map(({ cached }) => cached)).toEqual([false, false]);
		expect(batchesOf(await submit(asked))[0]).toMatchObject({ counts: { total: 1 } });
	});
});

describe('a submission', () => {
	test('is not repeated before it was collected, and is after its answers have gone', async () => {
		const asked = prompts('resumed one', 'resumed two');
		const [first] = batchesOf(await submit(asked));
		const [again] = batchesOf(await submit(asked));
		expect(again).toMatchObject({ batchId: first?.batchId, resumed: true, items: first?.items });
		expect(created()).toBe(1);
		const ended = await done([again ?? {}]);
		const once = await follow('collectBatch', ended);
		const twice = await follow('collectBatch', ended);
		expect(answers(twice)).toEqual(answers(once));
		expect(batchesOf(await submit(asked, { parameters: { cacheMode: 'refresh' } }))[0]).toMatchObject({ resumed: false });
		expect(created()).toBe(2);
	});

	test('is repeated once it was collected, where the cache has no answers', async () => {
		const asked = prompts('collected, not kept', 'not kept either');
		const [first] = batchesOf(await submit(asked));
		await follow('collectBatch', await done([first ?? {}]), { parameters: { cacheMode: 'off' } });
		const [again] = batchesOf(await submit(asked));
		expect(again).toMatchObject({ resumed: false, counts: { total: 2 } });
		expect(again?.batchId).not.toBe(first?.batchId);
	});

	test('is sent again after a refusal, but not after a failure that may have come too late', async () => {
		standIn.setBehaviour({ route: 'POST /v1/batches', failNext: { count: 1, status: 429, headers: { 'retry-after-ms': '1' } } });
		expect(batchesOf(await submit(prompts('refused at first')))).toHaveLength(1);
		expect(created()).toBe(2);
		standIn.setBehaviour({ route: 'POST /v1/batches', failNext: { count: 1, status: 500 } });
		expect((await submit(prompts('failed at first'))).error?.message).toMatch(/status 500/);
		expect(created()).toBe(3);
		// What only reads, or leaves no more than a file behind, is tried again.
		standIn.setBehaviour({ route: 'POST /v1/files', failNext: { count: 1, status: 500 } });
		expect(batchesOf(await submit(prompts('uploaded twice')))).toHaveLength(1);
	});

	test.each(['openAi', 'gemini'])('whose end was not seen is found by its name at %s, and not sent again', async (provider) => {
		const route = provider === 'openAi' ? 'POST /v1/batches' : 'POST /v1beta/models';
		standIn.setBehaviour({ route, times: 1, resetAfterHeaders: true });
		const run = { provider, parameters: { options: { maxRetries: 0 } } };
		const asked = prompts('cut off', 'while it was submitted');
		expect((await submit(asked, run)).error).toBeDefined();
		expect(created(provider)).toBe(1);
		const [batch] = batchesOf(await submit(asked, run));
		expect(batch).toMatchObject({ resumed: true, counts: { total: 2 } });
		expect(created(provider)).toBe(1);
		const collected = await follow('collectBatch', await done([batch ?? {}], { provider }), { provider });
		expect(answers(collected)).toHaveLength(2);
	});

	test('is repeated where the batch came to nothing', async () => {
		const asked = prompts('cancelled, then wanted');
		const [first] = batchesOf(await submit(asked));
		await follow('cancelBatch', [first ?? {}]);
		await done([first ?? {}]);
		const [again] = batchesOf(await submit(asked));
		expect(again).toMatchObject({ resumed: false });
		expect(again?.batchId).not.toBe(first?.batchId);
	});

	test('that is too large for a batch makes several, in order', async () => {
		const names = Array.from({ length: 7 }, (_, index) => `number ${index}`);
		const batches = batchesOf(await submit(prompts(...names), { parameters: { options: { requestsPerBatch: 3 } } }));
		expect(batches.map(({ counts }) => (counts as { total: number }).total)).toEqual([3, 3, 1]);
		const collected = await follow('collectBatch', await done(batches));
		expect(answers(collected).map(({ item }) => item)).toEqual([0, 1, 2, 3, 4, 5, 6]);
		expect(collected.items('AI').map(({ pairedItem }) => (pairedItem as { item: number }).item)).toEqual([0, 0, 0, 1, 1, 1, 2]);
	});

	test('by estimated tokens makes several too, and one per model', async () => {
		const options = { tokensPerBatch: 20, maxTokens: 30 };
		expect(batchesOf(await submit(prompts('a b c d e f g', 'h i j k l m n'), { parameters: { options } }))).toHaveLength(2);
		const model = { __rl: true, mode: 'id', value: '={{ $json.prompt.includes("large") ? "gpt-4o" : "gpt-4o-mini" }}' };
		const batches = batchesOf(await submit(prompts('small 1', 'large 1', 'small 2'), { parameters: { model } }));
		expect(batches.map(({ model: name, items }) => [name, items.length])).toEqual([['gpt-4o-mini', 2], ['gpt-4o', 1]]);
	});

	test('of an item that is not valid fails alone where that is wanted', async () => {
		const result = await submit(['tag this package: valid', ' '], failing);
		expect(answers(result)[0]).toMatchObject({ counts: { total: 1 } });
		expect(answers(result)[1]?.error).toMatch(/Invalid Prompt/);
		expect(result.items('AI').map(({ pairedItem }) => pairedItem)).toEqual([[{ item: 0 }], { item: 1 }]);
		const stopped = await submit(['tag this package: valid too', ' ']);
		expect(stopped.error?.message).toMatch(/Invalid Prompt/);
		expect(created()).toBe(1);
	});

	test('costs half, and is refused where the budget has no room for it', async () => {
		const prices = JSON.stringify({ 'gpt-4o-mini': { input: 10, output: 20 } });
		const [batch] = batchesOf(await submit(prompts('what it costs'), { parameters: { options: { prices, maxTokens: 100 } } }));
		const collected = await follow('collectBatch', await done([batch ?? {}]), { parameters: { options: { prices } } });
		const { usage, costUsd } = answers(collected)[0] as { usage: { inputTokens: number; outputTokens: number }; costUsd: number };
		expect(costUsd).toBeCloseTo((usage.inputTokens * 10 + usage.outputTokens * 20) / 2e6, 12);
		expect(batch?.estimatedCostUsd).toBeGreaterThan(costUsd);
		const budgets = { budget: [{ scope: 'workflow', usd: 0.0012 }] };
		const options = { prices, maxTokens: 100, budgets };
		const fits = await submit(prompts('fits into the budget'), { workflowId: 'batch-budget', parameters: { options } });
		expect(fits.error).toBeUndefined();
		const refused = await submit(prompts('too much for it'), { workflowId: 'batch-budget', parameters: { options } });
		expect(refused.error?.message).toMatch(/The budget of this workflow for today is \$0.0012 .* leaves no room/);
		expect(created()).toBe(2);
	});

	test('is JSON, which n8n can put away while it waits', async () => {
		const batches = batchesOf(await submit(prompts('put away')));
		expect(JSON.parse(JSON.stringify(batches))).toEqual(batches);
	});
});

describe('collecting', () => {
	test('a batch that is not done fails, or puts out its status', async () => {
		const batches = batchesOf(await submit(prompts('in a hurry')));
		const failed = await follow('collectBatch', batches);
		expect(failed.error?.message).toMatch(/The batch batch_\w+ is not done \(in_progress, 0 of 1\)/);
		const other = batchesOf(await submit(prompts('in no hurry')));
		const status = await follow('collectBatch', other, { parameters: { options: { ifNotDone: 'status' } } });
		expect(answers(status)).toMatchObject([{ batchId: other[0]?.batchId, done: false, items: other[0]?.items }]);
	});

	test('after a restart needs no more than what Submit Batch put out', async () => {
		const asked = prompts('before the restart', 'also before');
		const batches = batchesOf(await submit(asked));
		forgetEverything();
		const collected = await follow('collectBatch', await done(batches));
		expect(answers(collected).map(({ reference }) => reference)).toEqual(['no 0', 'no 1']);
	});

	test('by the ID alone gives back references while the process remembers, and the answers when it does not', async () => {
		const asked = prompts('by its id', 'by its id', 'by id too', 'by id again', 'by id at last');
		const [batch] = batchesOf(await submit(asked));
		await done([batch ?? {}]);
		const bare = [{ batchId: batch?.batchId }];
		const remembered = await follow('collectBatch', bare);
		expect(answers(remembered).map(({ reference }) => reference)).toEqual(['no 0', 'no 1', 'no 2', 'no 3', 'no 4']);
		forgetEverything();
		const forgotten = await follow('collectBatch', bare);
		expect(texts(forgotten)).toEqual(texts(remembered).toSpliced(1, 1));
		// And the cache has them all the same.
		expect(batchesOf(await submit(asked))[0]).toMatchObject({ batchId: '' });
	});

	test('parses what was asked for as JSON, and says where it is none', async () => {
		const asked = prompts('as JSON', 'as JSON too');
		const batches = batchesOf(await submit(asked, { parameters: { outputFormat: 'json' } }));
		const collected = await follow('collectBatch', await done(batches));
		expect(answers(collected).every(({ data }) => typeof data === 'object' && data !== null)).toBe(true);
		standIn.setBehaviour({ truncated: true });
		const cut = batchesOf(await submit(prompts('as cut JSON'), { parameters: { outputFormat: 'json' } }));
		const broken = await follow('collectBatch', await done(cut), failing);
		expect(answers(broken)[0]?.error).toMatch(/cut off by the token limit before its JSON was complete/);
	});

	test('with another credential gives the answers, but leaves the cache of the first alone', async () => {
		const asked = prompts('of two credentials');
		const batches = batchesOf(await submit(asked, { node: { credentialId: 'credential-1' } }));
		const ended = await done(batches);
		const other = { node: { credentialId: 'credential-2' } };
		expect(answers(await follow('collectBatch', ended, other))[0]?.text).toMatch(/\w/);
		const before = standIn.counters().requests;
		await runAi({ engine, standIn, workflowId: 'batches', parameters: { prompt: asked[0] } });
		expect(standIn.counters().requests).toBe(before + 1);
	});

	test('of nothing is told by name', async () => {
		const result = await follow('collectBatch', [{}], { parameters: { batchId: '' } });
		expect(result.error?.message).toMatch(/Invalid Batch ID: expected what Submit Batch put out, got an empty text/);
	});
});
