import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../stand-in/ai-provider.mts';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const CHAT = 'POST /v1/chat/completions';
const calls = () => standIn.counters().calls[CHAT] ?? 0;

const run = async (options: Omit<AiRun, 'engine' | 'standIn'>) =>
	await runAi({ engine, standIn, workflowId: 'one-workflow', ...options });

const ONCE = { maxRetries: 0 };
const GOOD = 'tag this package: a text of several words';

interface Fault {
	readonly parameters?: Record<string, unknown>;
	readonly credential?: Record<string, unknown>;
	readonly behaviour?: Behaviour;
	readonly message: RegExp;
}

const FAULTS: Record<string, Fault> = {
	'a wrong model': { parameters: { model: { __rl: true, mode: 'id', value: 'no-such-model' } }, message: /no-such-model/ },
	'a wrong key': { credential: { apiKey: 'a-wrong-key' }, message: /401.*Incorrect API key/ },
	'no network': { credential: { url: 'http://127.0.0.1:9/v1' }, message: /127\.0\.0\.1:9/ },
	'malformed JSON from the provider': { behaviour: { malformedJson: true }, message: /not with JSON/ },
	'an answer of 10 MB': { behaviour: { hugeBytes: 10_000_000 }, message: /larger than the limit of 8388608 bytes/ },
	'an empty prompt': { parameters: { prompt: '  ' }, message: /Invalid Prompt: expected a text that is not empty/ },
	'a negative TTL': {
		parameters: { contentType: 'custom', ttlSeconds: -1 },
		message: /Invalid Time to Live \(Seconds\): expected a number from 1 to \d+, got -1/,
	},
	'an empty custom key': {
		parameters: { cacheScope: 'custom', cacheScopeKey: '={{ $json.missing }}' },
		message: /Invalid Custom Key/,
	},
	'a schema that is no JSON': { parameters: { outputFormat: 'schema', jsonSchema: '{' }, message: /Invalid JSON Schema/ },
	'messages that are no list': { parameters: { promptType: 'messages', messages: '{}' }, message: /Invalid Messages/ },
	'an operation that does not exist': { parameters: { operation: '__CUSTOM_API_CALL__' }, message: /Invalid Operation: expected one of chat, embed/ },
	'a concurrency of zero': { parameters: { options: { concurrency: 0 } }, message: /Invalid Max Concurrent/ },
	'a timeout': {
		behaviour: { hang: true },
		parameters: { options: { ...ONCE, timeoutSeconds: 0.2 } },
		message: /did not finish within 200 ms|No response began within 200 ms/,
	},
};

describe('a clear error, and nothing cached', () => {
	test.each(Object.entries(FAULTS))('%s', async (_what, { parameters, credential, behaviour, message }) => {
		if (behaviour) standIn.setBehaviour(behaviour);
		const faulty = { prompt: GOOD, options: ONCE, ...parameters };
		const result = await run({ parameters: faulty, ...(credential ? { credential } : {}) });
		expect(result.status).toBe('error');
		expect(result.error?.message).toMatch(message);
		expect(result.error?.context.itemIndex).toBe(0);
		const shown = JSON.stringify([result.error, result.error?.message, result.error?.stack, result.error?.description]);
		for (const secret of ['a-wrong-key', standIn.apiKey]) expect(shown).not.toContain(secret);

		standIn.setBehaviour();
		const before = calls();
		const healthy = await run({ parameters: { prompt: GOOD } });
		expect(healthy.error).toBeUndefined();
		expect(answers(healthy)[0]?.cached).toBe(false);
		expect(calls()).toBe(before + 1);
	});
});

describe('one bad item among good ones', () => {
	const input = ['alpha words here', '', 'gamma words here'].map((text) => ({ text }));
	const parameters = { prompt: '={{ $json.text && "tag this package: " + $json.text }}' };

	test('without Continue On Fail the node fails and names the item', async () => {
		const result = await run({ parameters, input });
		expect(result.error?.message).toMatch(/Invalid Prompt/);
		expect(result.error?.context.itemIndex).toBe(1);
	});

	test('with Continue On Fail the others are answered and the item says what went wrong', async () => {
		const result = await run({ parameters, input, node: { onError: 'continueRegularOutput' } });
		const items = result.items('AI');
		expect(items.map((item) => item.pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
		expect(items[1]?.json).toEqual({ error: expect.stringMatching(/Invalid Prompt/), details: { code: 'ERR_INVALID_OPTION' } });
		expect([items[0]?.json.text, items[2]?.json.text].every((text) => typeof text === 'string')).toBe(true);
		expect(calls()).toBe(2);
	});

	test('the error output gets the item with its own fields', async () => {
		const result = await run({ parameters, input, node: { onError: 'continueErrorOutput' } });
		expect(answers(result, 0)).toHaveLength(2);
		expect(answers(result, 1)).toEqual([{ text: '', error: expect.stringMatching(/Invalid Prompt/), details: { code: 'ERR_INVALID_OPTION' } }]);
	});
});

describe('an unsteady provider', () => {
	test('a 429 is waited out as long as the provider asks, and repeated', async () => {
		standIn.setBehaviour({ failNext: { count: 2, status: 429, headers: { 'retry-after-ms': '60' } } });
		const result = await run({ parameters: { prompt: GOOD, options: { includeTrace: true } } });
		expect(result.error).toBeUndefined();
		expect(answers(result)[0]?._fastpath).toMatchObject({ attempts: 3, cache: 'miss', coalesced: false });
		expect((answers(result)[0]?._fastpath as { waitedMs: number }).waitedMs).toBeGreaterThanOrEqual(120);
		expect(calls()).toBe(3);
	});

	test('an exhausted quota is not asked again', async () => {
		const body = { error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' } };
		standIn.setBehaviour({ failNext: { count: 9, status: 429, headers: {}, body } });
		const result = await run({ parameters: { prompt: GOOD } });
		expect(result.error?.message).toMatch(/quota/);
		expect(calls()).toBe(1);
	});

	test('a provider that asks for more than the total timeout is not waited for', async () => {
		standIn.setBehaviour({ failNext: { count: 9, status: 429, headers: { 'retry-after': '3600', 'retry-after-ms': '3600000' } } });
		const result = await run({ parameters: { prompt: GOOD } });
		expect(result.error?.message).toMatch(/429/);
		expect(calls()).toBe(1);
	});

	test('after five failures in a row nothing more is sent', async () => {
		standIn.setBehaviour({ failRatio: { ratio: 1, status: 500, headers: {} } });
		const input = Array.from({ length: 12 }, (_, index) => ({ text: `number ${index}` }));
		const result = await run({
			parameters: { prompt: '=tag this package: {{ $json.text }}', options: { ...ONCE, concurrency: 1 } },
			input,
			node: { onError: 'continueRegularOutput' },
		});
		expect(calls()).toBe(5);
		const errors = answers(result).map((answer) => String(answer.error));
		expect(errors.slice(5).every((error) => /circuit for http:\/\/127\.0\.0\.1:\d+ is open/.test(error))).toBe(true);
	});

	test('a stale answer stands in while the provider is out', async () => {
		const parameters = {
			prompt: GOOD,
			contentType: 'custom',
			ttlSeconds: 1,
			options: { ...ONCE, staleIfErrorSeconds: 60, includeTrace: true },
		};
		const first = await run({ parameters });
		await new Promise((resolve) => setTimeout(resolve, 1100));
		standIn.setBehaviour({ failRatio: { ratio: 1, status: 503, headers: {} } });
		const second = await run({ parameters });
		expect(answers(second)[0]).toMatchObject({ text: answers(first)[0]?.text, cached: true, _fastpath: { cache: 'stale' } });
	});
});
