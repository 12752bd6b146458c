import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../lib/core/clock.ts';
import { FakeClock, hurriedClock } from '../helpers/fake-clock.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { answerTo, startProvider, startWorker, type Provider, type Worker, type WorkerOptions } from '../helpers/shared-workers.mts';
import { TcpProxy } from '../helpers/tcp-proxy.mts';

const PROMPTS = 10;
const WORKERS = 2;
/** Of one command: more than the 250 ms of n8n, so that a busy machine is not taken for a slow store. */
const BOUND_MS = 1000;

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);

describe.skipIf(redisIsMissing())('while two workers work and share a store', () => {
	let provider: Provider;
	let redis: RedisServer;
	let proxy: TcpProxy;
	let workers: Worker[];
	let prompts = 0;

	beforeAll(() => {
		process.on('unhandledRejection', note);
		process.on('uncaughtExceptionMonitor', note);
	});

	beforeEach(async () => {
		[provider, redis] = await Promise.all([startProvider(), RedisServer.start()]);
		proxy = await TcpProxy.start(redis);
		workers = Array.from({ length: WORKERS }, () => newWorker());
		await redis.command('CONFIG', 'SET', 'requirepass', 'one');
		redis.password = 'one';
	});

	afterEach(async () => {
		await Promise.all(workers.map(async ({ runtime }) => await runtime.dispose()));
		await Promise.all([proxy.close(), redis.stop(), provider.close()]);
		expect(unhandled.splice(0)).toEqual([]);
	});

	afterAll(() => {
		process.off('unhandledRejection', note);
		process.off('uncaughtExceptionMonitor', note);
	});

	async function replaceWorkers(options: Partial<WorkerOptions>): Promise<void> {
		await Promise.all(workers.map(async ({ runtime }) => await runtime.dispose()));
		workers = workers.map(() => newWorker(options));
	}

	const newWorker = (options: Partial<WorkerOptions> = {}) => startWorker({ provider, store: proxy, password: 'one', commandTimeoutMs: BOUND_MS, ...options });
	const callsFor = (asked: readonly string[]) => asked.reduce((sum, prompt) => sum + (provider.asked.get(prompt) ?? 0), 0);
	const states = () => [...new Set(workers.map(({ shared }) => shared.status.state))];

	/** Asks new prompts of all workers at once; every item ends right. How many calls one prompt took. */
	async function wave(): Promise<number> {
		const asked = Array.from({ length: PROMPTS }, () => `p${(prompts += 1)}`);
		const outcomes = await Promise.all(asked.flatMap((prompt) => workers.map(async (worker) => ({ prompt, ...(await worker.ask(prompt)) }))));
		const wrong = outcomes.filter((outcome) => !outcome.ok || outcome.value !== answerTo(outcome.prompt));
		expect(wrong).toEqual([]);
		expect(outcomes).toHaveLength(PROMPTS * WORKERS);
		const perPrompt = callsFor(asked) / PROMPTS;
		expect(perPrompt).toBeGreaterThanOrEqual(1);
		expect(perPrompt).toBeLessThanOrEqual(WORKERS);
		return perPrompt;
	}

	/** Wave after wave until it is told to stop. */
	function flow(): { stop(): Promise<number> } {
		let going = true;
		const waves = (async () => {
			let count = 0;
			for (; going; count += 1) await wave();
			return count;
		})();
		waves.catch(() => {});
		return {
			stop: async () => {
				going = false;
				return await waves;
			},
		};
	}

	interface Fault {
		readonly strike: () => Promise<unknown> | unknown;
		readonly heal: () => Promise<unknown> | unknown;
		/** What each worker takes the store for, meanwhile. */
		readonly state: 'down' | 'readOnly';
	}

	/** Work flows before, during and after; the store is missed once, and found again within five seconds. */
	async function endure({ strike, heal, state }: Fault): Promise<void> {
		expect(await wave()).toBe(1);
		const work = flow();
		await strike();
		await expect.poll(states, { timeout: 10_000 }).toEqual([state]);
		await work.stop();
		expect(await wave()).toBe(WORKERS);

		const more = flow();
		await heal();
		await expect.poll(states, { timeout: 5000, interval: 20 }).toEqual(['up']);
		await more.stop();
		expect(await wave()).toBe(1);
		for (const { log } of workers) {
			expect(log).toEqual([
				expect.stringContaining(state === 'down' ? 'does not answer' : 'takes nothing new'),
				expect.stringContaining('is back after'),
			]);
		}
	}

	test('it is killed, and comes back empty', async () => {
		await endure({ state: 'down', strike: async () => await redis.kill(), heal: async () => await redis.start('--requirepass', 'one') });
	});

	test('it is full', async () => {
		await endure({
			state: 'readOnly',
			strike: async () => await redis.command('CONFIG', 'SET', 'maxmemory', '1'),
			heal: async () => await redis.command('CONFIG', 'SET', 'maxmemory', '0'),
		});
	});

	test('it becomes a replica that only reads', async () => {
		await endure({
			state: 'readOnly',
			strike: async () => await redis.command('REPLICAOF', '127.0.0.1', '1'),
			heal: async () => await redis.command('REPLICAOF', 'NO', 'ONE'),
		});
	});

	test('its password is changed, and changed back', async () => {
		const change = async (password: string) => {
			await redis.command('CONFIG', 'SET', 'requirepass', password);
			redis.password = password;
		};
		await endure({
			state: 'down',
			strike: async () => {
				await change('two');
				await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
			},
			heal: async () => await change('one'),
		});
		expect(workers.flatMap(({ log }) => log).join()).not.toMatch(/\bone\b|\btwo\b/);
	});

	test('every reply breaks off in its middle', async () => {
		await endure({ state: 'down', strike: () => (proxy.mode = 'cuts'), heal: () => (proxy.mode = 'well') });
	});

	test('the network drops what is sent', async () => {
		// Only probes find this out, and each waits for its bound.
		await replaceWorkers({ commandTimeoutMs: 400 });
		await endure({ state: 'down', strike: () => (proxy.mode = 'silent'), heal: () => (proxy.mode = 'well') });
	});

	test('connections are refused', async () => {
		await endure({
			state: 'down',
			strike: () => {
				proxy.mode = 'refuses';
				proxy.cut();
			},
			heal: () => (proxy.mode = 'well'),
		});
	});

	test('each command takes longer than its bound', async () => {
		await endure({ state: 'down', strike: () => (proxy.delayMs = 1.5 * BOUND_MS), heal: () => (proxy.delayMs = 0) });
	});

	test('it is paused for thirty seconds', async () => {
		// Of the workers' clock; their connections live in real time.
		const times = 6;
		await replaceWorkers({ clock: hurriedClock(times), commandTimeoutMs: BOUND_MS * times });
		await endure({
			state: 'down',
			strike: () => redis.pause(),
			heal: async () => {
				await delay(30_000 / times);
				redis.resume();
			},
		});
	});

	test('it is restarted at once', async () => {
		const work = flow();
		await expect.poll(() => provider.asked.size).toBeGreaterThan(PROMPTS);
		await redis.kill();
		await redis.start('--requirepass', 'one');
		await expect.poll(async () => await wave(), { timeout: 5000 }).toBe(1);
		await work.stop();
		for (const { log } of workers) expect(log.map((line) => /is back after/.test(line))).toEqual(log.map((_line, index) => index % 2 === 1));
	});

	test('each command takes 200 ms, which is within its bound', async () => {
		// Both four times as long, so that a machine that is busy meanwhile is not taken for a store that is late.
		const times = 4;
		await replaceWorkers({ clock: hurriedClock(1 / times), commandTimeoutMs: 250 });
		expect(await wave()).toBe(1);
		proxy.delayMs = 200 * times;
		expect(await wave()).toBe(1);
		expect(workers.flatMap(({ log }) => log)).toEqual([]);
	});

	test('it is flushed again and again', async () => {
		const work = flow();
		for (let round = 0; round < 20; round += 1) {
			await redis.command('FLUSHALL');
			await delay(20);
		}
		await work.stop();
		expect(await wave()).toBe(1);
		expect(workers.flatMap(({ log }) => log)).toEqual([]);
	});

	test('what others left under its keys is no answer, holds nobody up and is replaced', async () => {
		const [worker] = workers;
		if (!worker) throw new Error('There are workers');
		// Where they lie: an answer of ours shows it.
		await worker.ask('known');
		const [known = ''] = /chaos:value:\S+/.exec(await redis.command('KEYS', 'chaos:value:*')) ?? [];
		expect(known).toContain(worker.keyOf('known'));
		const value = (prompt: string) => known.replace(worker.keyOf('known'), worker.keyOf(prompt));
		const lease = (prompt: string) => `chaos:lease:${worker.keyOf(prompt)}`;
		const plants: Array<(prompt: string) => string[]> = [
			(prompt) => ['SET', value(prompt), 'garbage'],
			(prompt) => ['SET', value(prompt), ''],
			(prompt) => ['SET', value(prompt), '{"value":{"v":1,"val'],
			(prompt) => ['SET', value(prompt), '{"value":{"v":99,"value":"wrong","storedAt":0,"ttlMs":1e9,"keepMs":1e9}}'],
			(prompt) => ['SET', value(prompt), 'null'],
			(prompt) => ['SET', value(prompt), '\u0000\u00ff'.repeat(500_000)],
			(prompt) => ['HSET', value(prompt), 'a', 'b'],
			(prompt) => ['RPUSH', value(prompt), 'a'],
			(prompt) => ['SADD', value(prompt), 'a'],
			(prompt) => ['ZADD', value(prompt), '1', 'a'],
			(prompt) => ['SET', lease(prompt), 'somebody without an end'],
			(prompt) => ['SET', lease(prompt), 'somebody for a day', 'EX', '86400'],
			(prompt) => ['SADD', lease(prompt), 'a'],
		];
		const planted = plants.map((plant, index) => ({ prompt: `planted${index}`, command: plant(`planted${index}`) }));
		for (const { command } of planted) expect(await redis.command(...command)).not.toMatch(/^-/);
		const answers = await Promise.all(planted.map(async ({ prompt }) => await Promise.all(workers.map(async ({ ask }) => await ask(prompt)))));
		expect(answers.flat().filter(({ ok }) => !ok)).toEqual([]);
		expect(answers.map(([one, two]) => [one, two].map((outcome) => outcome?.ok && outcome.value))).toEqual(
			planted.map(({ prompt }) => [answerTo(prompt), answerTo(prompt)]),
		);
		expect(callsFor(planted.map(({ prompt }) => prompt))).toBe(planted.length);

		// They were in the way, and have gone with the leases that took their place.
		expect(await redis.command('KEYS', 'chaos:lease:*')).toBe('*0\r\n');
		const late = newWorker();
		for (const { prompt } of planted) expect(await late.ask(prompt)).toMatchObject({ ok: true, value: answerTo(prompt), trace: { cache: 'hit' } });
		workers.push(late);
		expect(callsFor(planted.map(({ prompt }) => prompt))).toBe(planted.length);
		expect(states()).toEqual(['up']);
		expect(workers.flatMap(({ log }) => log)).toEqual([]);
	});

	test.each([['ahead', 1], ['back', -1]])('the clock of one of them jumps %s by a day', async (_where, direction) => {
		const jumped = { ms: 0 };
		const clock: Clock = { ...systemClock, wallNow: () => systemClock.wallNow() + jumped.ms };
		workers.push(newWorker({ clock }));
		workers.shift();
		expect(await wave()).toBe(1);
		const work = flow();
		jumped.ms = direction * 86_400_000;
		await wave();
		await wave();
		jumped.ms = 0;
		await work.stop();
		expect(await wave()).toBe(1);
		expect(workers.flatMap(({ log }) => log)).toEqual([]);
	});

	test('a store that is out is sent nothing at all, however many calls there are', async () => {
		// Nobody turns its hands, so that there is no probe either.
		const clock = new FakeClock();
		const worker = newWorker({ clock });
		workers.push(worker);
		expect(await worker.ask('before')).toMatchObject({ ok: true });
		proxy.mode = 'silent';
		let answered = false;
		const first = Promise.all(['a', 'b', 'c'].map(worker.ask)).then(() => (answered = true));
		while (!answered) await clock.advance(250);
		await first;
		expect(worker.shared.status.state).toBe('down');

		const { commands } = proxy;
		const now = clock.now();
		for (let call = 0; call < 200; call += 1) expect(await worker.ask(`q${call % 100}`)).toMatchObject({ ok: true, value: answerTo(`q${call % 100}`) });
		expect(proxy.commands).toBe(commands);
		expect(clock.now()).toBe(now);
	});
});
