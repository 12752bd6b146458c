import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const MINUTE = 60_000;
const SCOPE = { credential: 'c1', origin: 'https://a.test' };
let folder: string;
let runtime: Runtime;
let clock: FakeClock;

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'fastpath-stores-'));
	clock = new FakeClock();
	runtime = new Runtime({ clock });
});

afterEach(async () => {
	await runtime.dispose();
	rmSync(folder, { recursive: true, force: true });
});

const obtain = () => runtime.sharedStores.obtain({ type: 'sqlite', sqlite: { path: path.join(folder, 'store.db'), maxBytes: 8 * 1_048_576 } });

test('a store that a long run goes on using stays open, and one that nobody uses leaves', async () => {
	const store = obtain();
	await clock.advance(25 * MINUTE);
	await store.backend.get('key');
	await clock.advance(25 * MINUTE);
	expect(obtain()).toBe(store);
	await clock.advance(31 * MINUTE);
	expect(obtain()).not.toBe(store);
});

test('what is counted over processes is one for each store, and another one for a store that was opened anew', async () => {
	const store = obtain();
	const rate = runtime.limitsOver(store).rateLimiter(SCOPE, { perSecond: 1 });
	expect(runtime.limitsOver(obtain()).rateLimiter(SCOPE, { perSecond: 1 })).toBe(rate);
	expect(runtime.limitsOver(store).rateLimiter({ ...SCOPE, credential: 'c2' }, { perSecond: 1 })).not.toBe(rate);
	expect(runtime.rateLimiter(SCOPE, { perSecond: 1 })).not.toBe(rate);
	await clock.advance(31 * MINUTE);
	expect(runtime.limitsOver(obtain()).rateLimiter(SCOPE, { perSecond: 1 })).not.toBe(rate);
});

test('a circuit with a shared store is the same as without: it is the process that finds a server failing', () => {
	const options = { failureThreshold: 5, failureWindowMs: MINUTE, openMs: MINUTE };
	expect(runtime.limitsOver(obtain()).breaker(SCOPE, options)).toBe(runtime.breaker(SCOPE, options));
});
