import { expect, onTestFinished, test } from 'vitest';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { outage } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

test('counts apart what is asked behind a stale answer, with what it cost', async () => {
	const clock = new FakeClock();
	const logged: string[] = [];
	const runtime = new Runtime({ clock, random: seeded(1), log: (message) => logged.push(message) });
	onTestFinished(async () => await runtime.dispose());
	const lane = runtime.lane({
		source: 'test',
		scope: { credential: 'none', origin: 'https://a.test' },
		cache: { mode: 'readWrite', ttlMs: 100, staleWhileRevalidateMs: 100, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 5000 },
		retry: { maxRetries: 0, baseMs: 1, maxMs: 1 },
		maxConcurrent: 2,
		attemptTimeoutMs: 1000,
		totalTimeoutMs: 10_000,
	});
	const ask = async (answer: () => string) =>
		await lane.run(
			async ({ trace }) => {
				trace.upstreamMs += 7;
				return answer();
			},
			{ signal: new AbortController().signal, key: 'k', idempotent: true },
			(_value, trace) => {
				trace.costUsd = trace.cache === 'stale' ? 0 : 0.25;
				return { inputTokens: 3, outputTokens: 4 };
			},
		);
	await ask(() => 'first');
	await clock.advance(150);
	expect(await ask(() => 'second')).toMatchObject({ value: 'first', trace: { cache: 'stale', attempts: 0 } });
	await runtime.background.drain();
	expect(await ask(() => 'third')).toMatchObject({ value: 'second', trace: { cache: 'hit' } });
	await clock.advance(150);
	await ask(() => {
		throw outage();
	});
	await runtime.background.drain();
	expect((await runtime.snapshot()).windows['1m'].series).toMatchObject([
		{
			calls: 4, misses: 1, stale: 2, hits: 1, attempts: 1, errors: {}, upstreamMs: { count: 1 },
			refreshes: { calls: 2, failed: 1, costUsd: 0.25 },
		},
	]);
	expect(logged).toHaveLength(1);
});
