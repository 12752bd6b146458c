import { describe, expect, test } from 'vitest';
import { bounded, within } from '../../lib/core/bounded.ts';
import { systemClock } from '../../lib/core/clock.ts';
import { CancelledError, FastpathError, HttpStatusError, InvalidOptionError, TimeoutError, hasCode, isFastpathError } from '../../lib/core/errors.ts';
import { pipeline, type Policy } from '../../lib/core/policy.ts';
import { abortable, abortReason, childController, onAbort } from '../../lib/core/signal.ts';
import { requireHttpUrl, requireInteger, requireNumber, requireOneOf, requireText } from '../../lib/core/validate.ts';
import { deferred, listeners, newContext, rejection } from '../helpers/calls.mts';
import { FakeClock } from '../helpers/fake-clock.mts';

describe('a pipeline', () => {
	test('passes a call through its stages from the first to the last and back', async () => {
		const passed: string[] = [];
		const stage = (name: string): Policy => ({
			name,
			execute: async (call, context) => {
				passed.push(`into ${name}`);
				const value = await call({ ...context, key: `${context.key ?? ''}${name}` });
				passed.push(`out of ${name}`);
				return value;
			},
		});
		const policy = pipeline(stage('a'), stage('b'));
		expect(policy.name).toBe('a → b');
		expect(await policy.execute(async ({ key }) => key, newContext())).toBe('ab');
		expect(passed).toEqual(['into a', 'into b', 'out of b', 'out of a']);
	});

	test('of no stages is the call itself', async () => {
		expect(await pipeline().execute(async () => 1, newContext())).toBe(1);
	});
});

describe('a signal', () => {
	test('an aborted wait rejects with our own reason, or wraps a foreign one', () => {
		const own = new TimeoutError('total', 5);
		expect(abortReason(AbortSignal.abort(own))).toBe(own);
		const foreign = new Error('stop');
		expect(abortReason(AbortSignal.abort(foreign))).toMatchObject({ code: 'ERR_CANCELLED', cause: foreign });
	});

	test('a listener on an aborted signal is called at once', () => {
		let calls = 0;
		onAbort(AbortSignal.abort(), () => (calls += 1))();
		expect(calls).toBe(1);
	});

	test('many who wait for one signal are one listener to it, are called in their order, and may leave each other out', () => {
		const stop = new AbortController();
		const called: number[] = [];
		const removers: Array<() => void> = [];
		for (let index = 0; index < 6; index += 1) {
			removers.push(
				onAbort(stop.signal, () => {
					called.push(index);
					if (index === 2) removers[4]?.();
				}),
			);
		}
		expect(listeners(stop.signal)).toBe(1);
		removers[1]?.();
		removers[1]?.();
		stop.abort();
		expect(called).toEqual([0, 2, 3, 5]);
		expect(listeners(stop.signal)).toBe(0);
	});

	test('who waits again after all have left is told too', () => {
		const stop = new AbortController();
		let calls = 0;
		onAbort(stop.signal, () => (calls += 1))();
		expect(listeners(stop.signal)).toBe(0);
		onAbort(stop.signal, () => (calls += 1));
		stop.abort();
		expect(calls).toBe(1);
	});

	test('a child follows each of its parents and lets go of all of them', () => {
		const parents = [new AbortController(), new AbortController()] as const;
		const [one, other] = parents;
		const { controller, release } = childController(one.signal, other.signal);
		const reason = new CancelledError();
		other.abort(reason);
		expect(controller.signal.reason).toBe(reason);
		release();
		expect(parents.map(({ signal }) => listeners(signal))).toEqual([0, 0]);
	});

	test('of a child tells the platform\'s listeners too, and a child of the child, though nobody listens to the platform for it', () => {
		const parent = new AbortController();
		const child = childController(parent.signal);
		const grandchild = childController(child.controller.signal);
		const heard: string[] = [];
		child.controller.signal.addEventListener('abort', () => heard.push('platform'));
		onAbort(grandchild.controller.signal, () => heard.push('grandchild'));
		parent.abort();
		parent.abort();
		child.controller.abort();
		expect(heard).toEqual(['platform', 'grandchild']);
		expect(abortReason(grandchild.controller.signal)).toBe(abortReason(child.controller.signal));
	});

	test('a wait on a promise ends with the promise or with the abort, whichever is first, and leaves no listener', async () => {
		const { signal } = new AbortController();
		expect(await abortable(Promise.resolve(1), signal)).toBe(1);
		const error = new Error('x');
		expect(await rejection(abortable(Promise.reject(error), signal))).toBe(error);
		expect(listeners(signal)).toBe(0);
		const stop = new AbortController();
		const wait = abortable(deferred<never>().promise, stop.signal);
		stop.abort();
		expect(await rejection(wait)).toBeInstanceOf(CancelledError);
		expect(listeners(stop.signal)).toBe(0);
	});
});

describe('the clocks', () => {
	test('a sleep ends at its time and leaves no listener', async () => {
		const clock = new FakeClock();
		const { signal } = new AbortController();
		let awake = false;
		void clock.sleep(10, signal).then(() => (awake = true));
		await clock.advance(9);
		expect(awake).toBe(false);
		await clock.advance(1);
		expect([awake, listeners(signal), clock.timers]).toEqual([true, 0, 0]);
	});

	test('the system\'s sleep ends at once on abort, for waits longer than a timer can hold too', async () => {
		const stop = new AbortController();
		const sleep = systemClock.sleep(1e12, stop.signal);
		stop.abort();
		expect(await rejection(sleep)).toBeInstanceOf(CancelledError);
		expect(listeners(stop.signal)).toBe(0);
		expect(await rejection(systemClock.sleep(1, AbortSignal.abort()))).toBeInstanceOf(CancelledError);
	});
});

describe('work within a time', () => {
	const bound = (clock: FakeClock, parent: AbortSignal) => ({ clock, phase: 'attempt', ms: 100, parent }) as const;

	test('settles as the work does, and leaves no timer and no listener', async () => {
		const clock = new FakeClock();
		const { signal } = new AbortController();
		const error = new Error('x');
		expect(await within(bound(clock, signal), async () => 1)).toBe(1);
		expect(await rejection(within(bound(clock, signal), async () => await Promise.reject(error)))).toBe(error);
		expect([clock.timers, listeners(signal)]).toEqual([0, 0]);
	});

	test.each(['time', 'parent'])('is told by its signal that it is over (%s), and nothing waits for what never ends', async (which) => {
		const clock = new FakeClock();
		const parent = new AbortController();
		let told: unknown;
		const wait = rejection(within(bound(clock, parent.signal), async (signal) => {
			onAbort(signal, () => (told = signal.reason));
			return await deferred<never>().promise;
		}));
		if (which === 'parent') parent.abort();
		else await clock.advance(100);
		const error = await wait;
		expect(error).toBeInstanceOf(which === 'parent' ? CancelledError : TimeoutError);
		expect(told).toBe(error);
		expect([clock.timers, listeners(parent.signal)]).toEqual([0, 0]);
	});

	test('is begun with an aborted signal where its parent has ended already', async () => {
		const clock = new FakeClock();
		let aborted: boolean | undefined;
		const error = await rejection(within(bound(clock, AbortSignal.abort()), async (signal) => (aborted = signal.aborted)));
		expect(error).toBeInstanceOf(CancelledError);
		expect([aborted, clock.timers]).toEqual([true, 0]);
	});
});

describe('a bound', () => {
	test('lets through what comes in time, and what fails', async () => {
		const clock = new FakeClock();
		expect(await bounded(Promise.resolve(1), 100, clock)).toBe(1);
		const error = new Error('no');
		expect(await rejection(bounded(Promise.reject(error), 100, clock))).toBe(error);
		expect(clock.timers).toBe(0);
	});

	test('ends the wait when its time is over, and not before', async () => {
		const clock = new FakeClock();
		let error: unknown;
		bounded(new Promise(() => {}), 100, clock).catch((reason: unknown) => (error = reason));
		await clock.advance(99);
		expect(error).toBeUndefined();
		await clock.advance(1);
		expect(error).toMatchObject({ code: 'ERR_TIMEOUT', timeoutMs: 100 });
		expect(clock.timers).toBe(0);
	});

	test('is not over for what came in while the process was too busy to look', async () => {
		const answer = new Promise<string>((resolve) => setImmediate(() => resolve('in time')));
		const result = bounded(answer, 5, systemClock);
		for (const until = performance.now() + 20; performance.now() < until; );
		expect(await result).toBe('in time');
	});
});

describe('an error', () => {
	test('is known as ours whichever copy of the module made it', () => {
		const copy = { [Symbol.for('n8n-nodes-fastpath/error@1')]: true, code: 'ERR_TIMEOUT' };
		expect(isFastpathError(copy)).toBe(true);
		expect(hasCode(copy, 'ERR_TIMEOUT')).toBe(true);
		expect(hasCode(copy, 'ERR_NETWORK')).toBe(false);
		for (const other of [new Error('x'), null, undefined, 'ERR_TIMEOUT', { code: 'ERR_TIMEOUT' }]) expect(isFastpathError(other)).toBe(false);
	});

	test('carries its class\'s name, and its cause only where there is one', () => {
		const cause = new Error('x');
		expect(new CancelledError({ cause })).toMatchObject({ name: 'CancelledError', cause });
		expect('cause' in new CancelledError()).toBe(false);
		expect(new CancelledError()).toBeInstanceOf(FastpathError);
	});

	test('of a status tells no header and no body in its message', () => {
		const error = new HttpStatusError({ status: 401, headers: { 'www-authenticate': 'secret' }, body: { key: 'secret' } });
		expect(error.message).not.toContain('secret');
		expect(error).toMatchObject({ retryable: false, outage: false });
	});

	test('of an exhausted quota can overrule its status', () => {
		expect(new HttpStatusError({ status: 429, headers: {}, body: null, retryable: false }).retryable).toBe(false);
	});
});

describe('an option', () => {
	test.each<[string, () => unknown, string]>([
		['an integer', () => requireInteger('size', 1.5, { min: 1 }), 'Invalid size: expected a whole number of at least 1, got 1.5'],
		['an integer in a range', () => requireInteger('size', 11, { min: 1, max: 10 }), 'Invalid size: expected a whole number from 1 to 10, got 11'],
		['an integer, not its text', () => requireInteger('size', '5'), 'Invalid size: expected a whole number of at least 0, got "5"'],
		['a number', () => requireNumber('share', NaN, { max: 1 }), 'Invalid share: expected a number from 0 to 1, got NaN'],
		['a text', () => requireText('name', '  '), 'Invalid name: expected a text that is not empty, got "  "'],
		['one of several', () => requireOneOf('mode', 'on', ['read', 'off']), 'Invalid mode: expected one of read, off, got "on"'],
		['an address', () => requireHttpUrl('URL', 'ftp://a.test'), 'Invalid URL: expected an address that begins with http:// or https://, got "ftp://a.test"'],
		['an address at all', () => requireHttpUrl('URL', undefined), 'Invalid URL: expected an address that begins with http:// or https://, got nothing'],
	])('that is to be %s says what was expected and what came', (_name, check, message) => {
		expect(check).toThrow(InvalidOptionError);
		expect(check).toThrow(message);
	});

	test('that is right comes back', () => {
		expect([requireInteger('n', 0), requireNumber('n', 0.5), requireText('t', 'a'), requireOneOf('m', 'a', ['a'])]).toEqual([0, 0.5, 'a', 'a']);
		expect(requireHttpUrl('URL', ' https://a.test/x ').href).toBe('https://a.test/x');
	});
});
