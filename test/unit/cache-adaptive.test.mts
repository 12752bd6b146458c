import { describe, expect, test } from 'vitest';
import { countConfirmed, grownTtlMs } from '../../lib/cache/adaptive.ts';
import { HttpCachePolicy, type HttpMessage } from '../../lib/cache/http-policy.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { CachePolicy, type CacheOptions } from '../../lib/cache/policy.ts';
import { Background } from '../../lib/core/background.ts';
import { childController } from '../../lib/core/signal.ts';
import { newContext } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function parts() {
	const clock = new FakeClock();
	const store = new MemoryStore({ clock });
	const background = new Background(5);
	const detachedSignal = (timeoutMs: number) => ({ signal: childController().controller.signal, deadlineAt: clock.now() + timeoutMs, release: () => {} });
	return { clock, store, background, detachedSignal, random: seeded(1) };
}

describe('a time to live that adapts', () => {
	test('doubles with each confirmation up to its bound, and is never shorter than the base', () => {
		expect([0, 1, 2, 3, 4, 1000].map((confirmed) => grownTtlMs({ ttlMs: 100, maxTtlMs: 500 }, confirmed))).toEqual([100, 200, 400, 500, 500, 500]);
		expect(grownTtlMs({ ttlMs: 100, maxTtlMs: 50 }, 3)).toBe(100);
		expect(grownTtlMs({ ttlMs: 100 }, 3)).toBe(100);
	});

	test('counts a confirmation only where the answer had had its time', () => {
		expect(countConfirmed({ ageMs: 99, ttlMs: 100, confirmed: 2 })).toBe(2);
		expect(countConfirmed({ ageMs: 100, ttlMs: 100, confirmed: 2 })).toBe(3);
		expect(countConfirmed({ ageMs: 100, ttlMs: 100 })).toBe(1);
	});
});

describe('the exact cache with it', () => {
	function setUp(options: Partial<CacheOptions> = {}) {
		const made = parts();
		const policy = (more: Partial<CacheOptions> = {}) =>
			new CachePolicy(
				{
					mode: 'readWrite', ttlMs: 100, maxTtlMs: 400, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, refreshTimeoutMs: 1000,
					isCacheable: () => true, isSame: (one, other) => one === other, ...options, ...more,
				},
				made,
			);
		let answer: unknown = 'same';
		let asked = 0;
		const ask = async (by = policy()) => {
			const context = newContext({ key: 'k' });
			const value = await by.execute(async () => {
				asked += 1;
				return answer;
			}, context);
			await made.background.drain();
			return { value, cache: context.trace.cache, adaptive: context.trace.adaptive, asked };
		};
		return { ...made, policy, ask, change: (next: unknown) => (answer = next) };
	}

	test('keeps an answer twice as long each time that it comes again, up to the bound, and says so', async () => {
		const { ask, clock } = setUp();
		const seen = [];
		for (const waitMs of [0, 101, 201, 401, 401]) {
			await clock.advance(waitMs);
			seen.push((await ask()).adaptive);
		}
		expect(seen).toEqual([0, 1, 2, 3, 4].map((confirmed) => ({ confirmed, ttlMs: [100, 200, 400, 400, 400][confirmed] })));
		await clock.advance(400);
		expect(await ask()).toMatchObject({ cache: 'hit', asked: 5, adaptive: { confirmed: 4, ttlMs: 400 } });
	});

	test('falls back to the base when the answer has changed', async () => {
		const { ask, clock, change } = setUp();
		await ask();
		await clock.advance(101);
		await ask();
		await clock.advance(201);
		change('other');
		expect(await ask()).toMatchObject({ value: 'other', adaptive: { confirmed: 0, ttlMs: 100 } });
		await clock.advance(101);
		expect((await ask()).cache).toBe('miss');
	});

	test('counts refreshes behind a stale answer', async () => {
		const { ask, clock } = setUp({ staleWhileRevalidateMs: 1000 });
		await ask();
		await clock.advance(150);
		expect((await ask()).cache).toBe('stale');
		await clock.advance(200);
		expect(await ask()).toMatchObject({ cache: 'hit', adaptive: { confirmed: 1, ttlMs: 200 }, asked: 2 });
	});

	test('compares in the mode Refresh too, and does not grow for being asked often', async () => {
		const { ask, clock, policy } = setUp();
		const refresh = policy({ mode: 'refresh' });
		for (let round = 0; round < 5; round += 1) await ask(refresh);
		expect((await ask(refresh)).adaptive).toEqual({ confirmed: 0, ttlMs: 100 });
		await clock.advance(101);
		expect(await ask(refresh)).toMatchObject({ cache: 'miss', adaptive: { confirmed: 1, ttlMs: 200 } });
	});

	test('gives a reader without it no more than the reader wants', async () => {
		const { ask, clock, policy } = setUp();
		await ask();
		await clock.advance(101);
		await ask();
		await clock.advance(150);
		expect((await ask(policy({ maxTtlMs: undefined }))).cache).toBe('miss');
	});

	test('is not there unless it is wanted', async () => {
		const { ask, clock, policy, store } = setUp({ maxTtlMs: undefined });
		for (let round = 0; round < 3; round += 1) {
			expect((await ask(policy())).adaptive).toBeUndefined();
			await clock.advance(101);
		}
		expect(await store.get('k')).toBeUndefined();
	});
});

describe('the HTTP cache with it, for a fixed time', () => {
	function setUp(maxTtlMs: number | undefined = 400) {
		const made = parts();
		const policy = new HttpCachePolicy(
			{
				scope: { credential: 'none', origin: 'https://a.test', partition: 'p' }, ttlMs: 100, maxTtlMs, refreshTimeoutMs: 1000,
				toMessage: (outcome) => outcome as HttpMessage, fromMessage: (message) => message,
			},
			made,
		);
		let body = 'one';
		let etag: string | undefined = '"a"';
		const ask = async () => {
			const context = newContext({ request: { method: 'GET', url: 'https://a.test/x', headers: {} } });
			await policy.execute(async ({ request }) => {
				const unchanged = etag !== undefined && request?.headers['if-none-match'] === etag;
				return { status: unchanged ? 304 : 200, statusMessage: '', headers: etag ? { etag } : {}, body: Buffer.from(unchanged ? '' : body), url: 'https://a.test/x', redirects: 0 };
			}, context);
			return [context.trace.cache, context.trace.adaptive?.confirmed, context.trace.adaptive?.ttlMs];
		};
		const serve = (next: string, tag?: string) => {
			body = next;
			etag = tag;
		};
		return { clock: made.clock, ask, serve };
	}

	test('keeps a response twice as long each time that the server confirms it', async () => {
		const { ask, clock, serve } = setUp();
		expect(await ask()).toEqual(['miss', 0, 100]);
		await clock.advance(101);
		expect(await ask()).toEqual(['revalidated', 1, 200]);
		await clock.advance(199);
		expect(await ask()).toEqual(['hit', 1, 200]);
		await clock.advance(2);
		expect(await ask()).toEqual(['revalidated', 2, 400]);
		await clock.advance(401);
		expect(await ask()).toEqual(['revalidated', 3, 400]);
		await clock.advance(401);
		serve('two', '"b"');
		expect(await ask()).toEqual(['miss', 0, 100]);
	});

	test('takes the same body from a server without validators for a confirmation', async () => {
		const { ask, clock, serve } = setUp();
		serve('one');
		await ask();
		await clock.advance(101);
		expect(await ask()).toEqual(['miss', 1, 200]);
		await clock.advance(201);
		serve('two');
		expect(await ask()).toEqual(['miss', 0, 100]);
	});
});
