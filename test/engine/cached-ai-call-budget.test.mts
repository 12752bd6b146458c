import { beforeEach, describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

let workflows = 0;

beforeEach(() => {
	// Budgets are the process's: a workflow of its own for each test.
	workflows += 1;
});

const requests = () => standIn.counters().requests;
const items = (count: number) => Array.from({ length: count }, (_, index) => ({ text: `tag this package: number ${index} of many` }));

async function run(budget: Record<string, unknown>, more: Partial<AiRun> & { options?: Record<string, unknown> } = {}) {
	const { options, parameters, ...rest } = more;
	return await runAi({
		engine,
		standIn,
		workflowId: `budget-${workflows}`,
		node: { onError: 'continueRegularOutput' },
		input: items(10),
		...rest,
		parameters: {
			prompt: '={{ $json.text }}',
			options: { concurrency: 1, budgets: { budget: [budget] }, ...options },
			...parameters,
		},
	});
}

const refused = (result: Awaited<ReturnType<typeof run>>) => answers(result).filter(({ error }) => /budget/.test(String(error))).length;
const hints = (result: Awaited<ReturnType<typeof run>>) => result.hints.map(({ message }) => message).join('\n');

describe('a budget per day', () => {
	test('in tokens warns, then refuses before anything is sent, and never a cached answer', async () => {
		const first = await run({ scope: 'workflow', tokens: 100 });
		expect(refused(first)).toBeGreaterThan(0);
		expect(requests()).toBe(10 - refused(first));
		expect(standIn.counters().tokens.total).toBeLessThan(130);
		expect(hints(first)).toMatch(/More than 80 percent of the budget of this workflow for today are spent/);
		const failed = answers(first).find(({ error }) => error !== undefined);
		expect(String(failed?.error)).toMatch(/The budget of this workflow for today is 100 tokens .* leaves no room/);
		const before = requests();
		const again = await run({ scope: 'workflow', tokens: 100 }, { input: items(1) });
		expect(answers(again)[0]).toMatchObject({ cached: true });
		expect(requests()).toBe(before);
	});

	test('in dollars counts by the price table, or by a price of one\'s own', async () => {
		const cheap = await run({ scope: 'node', usd: 0.001 });
		expect(refused(cheap)).toBe(0);
		const prices = JSON.stringify({ 'gpt-4o-mini': { input: 10, output: 20 } });
		const dear = await run({ scope: 'node', usd: 0.001 }, { options: { prices }, node: { id: 'another', onError: 'continueRegularOutput' }, parameters: { cacheMode: 'off' } });
		expect(refused(dear)).toBeGreaterThan(0);
		expect(answers(dear)[0]?.costUsd).toBeGreaterThan(0.0001);
	});

	test('in dollars says so where a price is not known, and counts tokens all the same', async () => {
		const result = await run({ scope: 'node', usd: 1, tokens: 100 });
		expect(hints(result)).toMatch(/The price of gpt-4o-mini is not known/);
		expect(refused(result)).toBeGreaterThan(0);
		expect(answers(result)[0]?.costUsd).toBeNull();
	});

	test('of a credential covers all workflows that use it', async () => {
		const node = { credentialId: `credential-${workflows}`, onError: 'continueRegularOutput' } as const;
		await run({ scope: 'credential', tokens: 100 }, { node });
		const before = requests();
		const other = await run({ scope: 'credential', tokens: 100 }, { node, workflowId: 'elsewhere' });
		expect(refused(other)).toBe(10);
		expect(requests()).toBe(before);
	});

	test('holds for calls at the same time', async () => {
		standIn.setBehaviour({ delayMs: 50 });
		await run({ scope: 'workflow', tokens: 60 }, { options: { concurrency: 10 } });
		// Each is estimated at about 14 tokens of input, so four are under way at most.
		expect(requests()).toBeLessThanOrEqual(4);
	});

	test('holds for embeddings', async () => {
		const parameters = { operation: 'embed', text: '={{ $json.text }}', model: { __rl: true, mode: 'id', value: 'text-embedding-3-small' } };
		const result = await run({ scope: 'workflow', tokens: 50 }, { parameters, options: { textsPerRequest: 3 } });
		expect(refused(result)).toBeGreaterThan(3);
		expect(standIn.counters().tokens.total).toBeLessThanOrEqual(50);
	});

	test('of nothing at all is no budget', async () => {
		const result = await run({ scope: 'workflow' });
		expect(String(answers(result)[0]?.error)).toMatch(/Invalid Budget per Day: expected dollars or tokens/);
	});
});
