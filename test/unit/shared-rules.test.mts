import { describe, expect, test } from 'vitest';
import { SharedRules } from '../../lib/cache/shared-rules.ts';
import type { Rule } from '../../lib/cache/rules.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const tag = (pattern: string): Rule => ({ kind: 'tag', pattern });

/** One store that can lose its signals, fail, and forget; and processes on it. */
class World {
	readonly clock = new FakeClock();
	store = new MemoryBackend(this.clock);
	deaf = false;
	/** Commands that fail, by name; all where it holds a star. */
	readonly failing = new Set<string>();
	commands = 0;

	process(): SharedRules {
		const backend = new Proxy(this.store, {
			get: (_target, name) => {
				const member = Reflect.get(this.store, name, this.store) as unknown;
				if (typeof member !== 'function') return member;
				if (name === 'isRefusal') return () => false;
				return async (...args: unknown[]) => {
					if (!['connect', 'probe', 'subscribe'].includes(String(name))) this.commands += 1;
					if (this.failing.has('*') || this.failing.has(String(name))) throw new Error('Connection is closed');
					if (name === 'publish' && this.deaf) return;
					return await (member as (...given: unknown[]) => unknown).apply(this.store, args);
				};
			},
		});
		return new SharedRules(new GuardedBackend(backend, { label: 'store', clock: this.clock }), this.clock);
	}

	/** As after a restart of a store that keeps nothing on disk. */
	forget(): void {
		this.store = new MemoryBackend(this.clock);
	}
}

const old = (name: string, asOf = 0) => ({ asOf, marks: { tags: [name] } });

describe('rules that processes share', () => {
	test('reach another process at once by signal', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await Promise.all([one.current(), other.current()]);
		expect(await one.issue(tag('a'))).toBe(true);
		await settle();
		expect(other.book.judge('k', old('a'))).toBe('cleared');
		expect([one.generation, other.generation]).toEqual([1, 1]);
	});

	test('reach it within two seconds where the signal is lost, and before anything is read', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await other.current();
		world.deaf = true;
		await one.issue(tag('a'));
		expect(other.book.judge('k', old('a'))).toBe('kept');
		await world.clock.advance(2000);
		await other.current();
		expect(other.book.judge('k', old('a'))).toBe('cleared');
	});

	test('are looked for at most every two seconds, by one command', async () => {
		const world = new World();
		const rules = world.process();
		await Promise.all([rules.current(), rules.current()]);
		expect(rules.current()).toBeUndefined();
		const before = world.commands;
		await world.clock.advance(2000);
		await Promise.all([rules.current(), rules.current()]);
		expect(world.commands - before).toBe(1);
	});

	test('come in one order whoever issues them, and a process that starts later knows them all', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await Promise.all(Array.from({ length: 20 }, async (_, index) => await (index % 2 ? one : other).issue(tag(`t${index}`))));
		const third = world.process();
		await third.current();
		expect(third.generation).toBe(20);
		for (let index = 0; index < 20; index += 1) expect(third.book.judge('k', old(`t${index}`))).toBe('cleared');
	});

	test('that overflow the list clear all that is older than what is left of it', async () => {
		const world = new World();
		const one = world.process();
		for (let index = 0; index < 600; index += 1) await one.issue(tag(`t${index}`));
		const late = world.process();
		await late.current();
		expect(late.generation).toBe(600);
		expect(late.book.judge('k', old('t5'))).toBe('cleared');
		expect(late.book.judge('k', old('t5', 550))).toBe('kept');
		expect(late.book.judge('k', old('t599', 550))).toBe('cleared');
	});

	test('hold in this process while the store is out, and are passed on when it is back', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await one.issue(tag('before'));
		await other.current();
		world.failing.add('*');
		expect(await one.issue(tag('a'))).toBe(false);
		expect(one.book.judge('k', old('a', 1))).toBe('cleared');
		// What is stored from now on is found, although the store has not numbered it.
		expect(one.book.judge('k', old('a', one.generation))).toBe('kept');
		world.failing.clear();
		await world.clock.advance(10_000);
		expect(other.book.judge('k', old('a', 1))).toBe('cleared');
		expect(one.generation).toBe(2);
		expect(world.clock.timers).toBe(0);
	});

	test('of others that come after one of this process alone clear what it stored meanwhile', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await Promise.all([one.current(), other.current()]);
		world.failing.add('*');
		await one.issue(tag('a'));
		const meanwhile = one.generation;
		world.failing.clear();
		await other.issue(tag('b'));
		await settle();
		expect(one.book.judge('k', old('b', meanwhile))).toBe('cleared');
	});

	test('with a number but not in the list yet: what is stored meanwhile counts as older than they are', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await Promise.all([one.current(), other.current()]);
		await world.store.add('clearings', 1, 1e12);
		await world.clock.advance(2000);
		await other.current();
		expect(other.generation).toBe(0);
		await world.store.append('clearings', Buffer.from(JSON.stringify({ n: 1, rule: tag('a') })), { ttlMs: 1e12, max: 500 });
		await world.clock.advance(2000);
		await other.current();
		expect([other.generation, other.book.judge('k', old('a', 0))]).toEqual([1, 'cleared']);
	});

	test('that never came into the list clear everything, after ten seconds', async () => {
		const world = new World();
		const other = world.process();
		await other.current();
		await world.store.add('clearings', 1, 1e12);
		for (let second = 0; second < 14; second += 2) {
			await world.clock.advance(2000);
			await other.current();
		}
		expect([other.generation, other.book.judge('k', old('whatever'))]).toEqual([1, 'cleared']);
	});

	test('survive a store that forgets everything', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await other.current();
		await one.issue(tag('a'));
		await one.issue(tag('b'));
		world.forget();
		await world.clock.advance(2000);
		await Promise.all([one.current(), other.current()]);
		await one.issue(tag('c'));
		await world.clock.advance(2000);
		await other.current();
		expect(other.book.judge('k', old('c', 2))).toBe('cleared');
		const late = world.process();
		await late.current();
		for (const name of ['a', 'b', 'c']) expect(late.book.judge('k', old(name))).toBe('cleared');
	});

	test('issued by a new process after the store has forgotten everything reach those who know higher numbers', async () => {
		const world = new World();
		const one = world.process();
		for (const name of ['a', 'b', 'c']) await one.issue(tag(name));
		world.forget();
		const late = world.process();
		await late.issue(tag('d'));
		await world.clock.advance(2000);
		await one.current();
		expect(one.book.judge('k', old('d', 3))).toBe('cleared');
		await world.clock.advance(2000);
		await one.current();
		await one.issue(tag('e'));
		await world.clock.advance(2000);
		await late.current();
		expect(late.book.judge('k', old('e', 1))).toBe('cleared');
	});

	test('that somebody else wrote into the list are passed over', async () => {
		const world = new World();
		await world.store.add('clearings', 1, 1e12);
		for (const text of ['no json', '{"n":"1"}', '{"n":1,"rule":{"kind":"else"}}', 'null']) {
			await world.store.append('clearings', Buffer.from(text), { ttlMs: 1e12, max: 500 });
		}
		const rules = world.process();
		await rules.current();
		expect([rules.generation, rules.book.judge('k', old('a'))]).toEqual([1, 'cleared']);
	});

	test('leave no timer behind when the process is done', async () => {
		const world = new World();
		const rules = world.process();
		world.failing.add('add');
		await rules.issue(tag('a'));
		expect(world.clock.timers).toBe(1);
		rules.dispose();
		expect(world.clock.timers).toBe(0);
	});
});
