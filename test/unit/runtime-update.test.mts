/** What happens to the state of a process when n8n updates the package in it. */
import { afterEach, expect, test, vi } from 'vitest';
import { openRound, type Pass, type Round } from '../../lib/batch/rounds.ts';
import { estateOf } from '../../lib/runtime/estate.ts';
import { Runtime } from '../../lib/runtime/runtime.ts';
import { Upstream } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const PLACE = Symbol.for('n8n-nodes-fastpath/runtime@1');
const place = globalThis as { [PLACE]?: { build: string; runtime: unknown } };
const HOUR = { ttlMs: 3_600_000, keepMs: 3_600_000 };
const made: Runtime[] = [];
const clock = new FakeClock();

function newRuntime(): Runtime {
	const runtime = new Runtime({ clock });
	made.push(runtime);
	return runtime;
}

afterEach(async () => {
	for (const runtime of made.splice(0)) await runtime.dispose();
	expect(clock.timers).toBe(0);
});

/** An heir of what `old` leaves, as n8n's own copying between module realms would leave it: plain. */
async function heirOf(old: Runtime): Promise<Runtime> {
	const heir = newRuntime();
	const estate = estateOf(old);
	heir.inherit(structuredClone(estate)!);
	old.journals.leaveTo(heir.journals.memory);
	await old.dispose();
	return heir;
}

test('answers move to the next build with their age, their marks and their order of use', async () => {
	const old = newRuntime();
	await old.store.set('a', { text: 'first' }, { ttlMs: 1000, keepMs: 5000, marks: { tags: ['t'] }, confirmed: 2 });
	await clock.advance(400);
	await old.store.set('b', 'second', HOUR);
	const heir = await heirOf(old);
	expect(estateOf(heir)?.answers.map(({ key }) => key)).toEqual(['b', 'a']);
	await clock.advance(100);
	expect(await heir.store.get('a')).toMatchObject({ value: { text: 'first' }, ageMs: 500, ttlMs: 1000, keepMs: 5000, marks: { tags: ['t'] }, confirmed: 2 });
	expect(old.stats().store.entries).toBe(0);
	await clock.advance(4501);
	expect(await heir.store.get('a')).toBeUndefined();
});

test('what was cleared stays cleared, for calls that were under way too', async () => {
	const old = newRuntime();
	const asOf = old.store.generation;
	old.clear({ kind: 'tag', pattern: 't' });
	const heir = await heirOf(old);
	expect(await heir.store.set('late', 'x', { ...HOUR, marks: { tags: ['t'] }, asOf })).toBe(false);
	expect(await heir.store.set('other', 'x', { ...HOUR, asOf })).toBe(true);
	expect(heir.store.generation).toBe(old.store.generation);
});

test("a day's spending counts on, and yesterday's does not", async () => {
	const old = newRuntime();
	const budget = { account: 'a', owner: 'this node', usd: 1 };
	old.spending.reserve([budget], { usd: 0.9, tokens: 10 }).settle({ usd: 0.9, tokens: 10 });
	const heir = await heirOf(old);
	expect(() => heir.spending.reserve([budget], { usd: 0.2, tokens: 1 })).toThrow(/budget of this node/);
	const estate = estateOf(heir)!;
	const later = newRuntime();
	later.inherit({ ...estate, spent: { ...estate.spent, day: estate.spent.day - 1 } });
	expect(later.spending.spent('a')).toEqual({ usd: 0, tokens: 0 });
});

const KEYS = ['aa', 'bb', 'cc'].map((name) => name.repeat(16));

/** A batch that keeps its journal in memory and goes on with the one before, until all is done. */
async function roundOf({ journals }: Runtime, execution: string): Promise<Round> {
	const pass: Pass = { place: ['w', 'n'], execution, retryOf: undefined, pass: 0 };
	return await openRound({ store: journals.memory, durable: false, clock }, pass, { kind: 'unfinished' }, HOUR.ttlMs);
}

const done = ({ journal }: Round) => KEYS.map((key) => journal.has(key));

test('a batch that was stopped before the update goes on after it, for as long as its journal was to be kept', async () => {
	const old = newRuntime();
	const stopped = await roundOf(old, '1');
	await stopped.journal.write(KEYS[0]!, Buffer.from('first'));
	await stopped.journal.write(KEYS[1]!, Buffer.from('second'));
	await stopped.end(false);
	await clock.advance(HOUR.ttlMs - 1000);
	const heir = await heirOf(old);
	const { journal } = await roundOf(heir, '2');
	expect(KEYS.map((key) => journal.has(key))).toEqual([true, true, false]);
	expect(await Promise.all(KEYS.slice(0, 2).map(async (key) => (await journal.read(key))?.toString()))).toEqual(['first', 'second']);
	await clock.advance(1001);
	expect(done(await roundOf(heir, '3'))).toEqual([false, false, false]);
});

test('a batch under way notes what it does where another try of it will look, over any number of updates', async () => {
	const old = newRuntime();
	const { journal } = await roundOf(old, '1');
	await journal.write(KEYS[0]!, Buffer.from('before'));
	const heir = await heirOf(old);
	await journal.write(KEYS[1]!, Buffer.from('between'));
	const latest = await heirOf(heir);
	await journal.write(KEYS[2]!, Buffer.from('after'));
	expect(done(await roundOf(latest, '2'))).toEqual([true, true, true]);
	expect([old, heir].map(({ journals }) => journals.contents())).toEqual([[], []]);
});

test('what journals are handed over keeps within the bounds of the memory', async () => {
	const old = newRuntime();
	await old.journals.memory.set('kept', Buffer.alloc(1_048_576), HOUR.ttlMs);
	const [entry] = old.journals.contents();
	const heir = newRuntime();
	heir.journals.adopt(Array.from({ length: 100 }, (_, index) => ({ ...entry!, name: `${index}` })));
	const names = heir.journals.contents().map(({ name }) => name);
	expect(names.length).toBeLessThanOrEqual(64);
	expect(names[0]).toBe('0');
});

test('a call under way ends with the build that it began with', async () => {
	const old = newRuntime();
	const upstream = new Upstream<string>();
	const lane = old.lane({ source: 'test', scope: { credential: 'none', origin: 'https://a.test' }, retry: { maxRetries: 0, baseMs: 0, maxMs: 0 }, maxConcurrent: 1, attemptTimeoutMs: 1000, totalTimeoutMs: 1000 });
	const { signal } = new AbortController();
	const [first, second] = [lane.run(upstream.call, { signal, idempotent: true }), lane.run(upstream.call, { signal, idempotent: true })];
	await settle();
	await heirOf(old);
	upstream.at(0).resolve('one');
	await settle();
	upstream.at(1).resolve('two');
	expect([await first, await second]).toMatchObject([{ value: 'one' }, { value: 'two' }]);
});

test('an estate of another shape is left alone', () => {
	expect(estateOf({})).toBeUndefined();
	expect(estateOf({ estate: () => ({ format: 99 }) })).toBeUndefined();
});

test('the runtime of a newer build finds the journals of the older one', async () => {
	const old = newRuntime();
	await (await roundOf(old, '1')).journal.write(KEYS[0]!, Buffer.from('first'));
	place[PLACE] = { build: '0.0.1', runtime: old };
	vi.resetModules();
	const { getRuntime } = await import('../../lib/runtime/index.ts');
	const runtime = getRuntime();
	await (await roundOf(old, '1')).journal.write(KEYS[1]!, Buffer.from('second'));
	expect(runtime.journals.contents().filter(({ kind }) => kind === 'list').map(({ parts }) => parts.length)).toEqual([2]);
	await runtime.dispose();
	delete place[PLACE];
});

test.each([
	['leaves something else', () => ({ format: 1 })],
	['fails', () => { throw new Error('old'); }],
])('a newer build begins with nothing where the older one %s', async (_name, estate) => {
	place[PLACE] = { build: '0.0.1', runtime: { estate, dispose: async () => {} } };
	vi.resetModules();
	const { getRuntime } = await import('../../lib/runtime/index.ts');
	const runtime = getRuntime();
	expect(runtime.stats().store.entries).toBe(0);
	await runtime.dispose();
	delete place[PLACE];
});
