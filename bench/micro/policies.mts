/** Each policy around a call that succeeds at once: what it takes where nothing goes wrong. */
import type { Operation } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import type { Policy } from '../../lib/core/policy.ts';
import { callContext, policyParts } from './requests.mts';

const BARE = 'the call alone';

export default async function policies(bench: Bench): Promise<void> {
	const { clock, pipeline, retry, breaker, limiter, timeout } = policyParts(bench);
	const { AimdLimiter } = bench.lib('limit/aimd') as typeof import('../../lib/limit/aimd.ts');
	const { RateLimiter } = bench.lib('limit/rate') as typeof import('../../lib/limit/rate.ts');

	const newContext = callContext(bench);
	const context = newContext();
	const atOnce = async () => 1;
	// Faster than it could be used up.
	let now = 0;
	const stages: Record<string, Policy> = {
		retry,
		breaker,
		limiter,
		'limiter that adapts': new AimdLimiter({ max: 50 }, clock),
		'rate, tokens left': new RateLimiter({ perSecond: 100_000 }, { ...clock, now: () => (now += 1) }),
		timeout,
		'retry, breaker and limiter': pipeline(retry, breaker, limiter),
	};
	const operations: Operation[] = Object.entries(stages).map(([name, stage]) => ({ name, run: () => stage.execute(atOnce, context) }));
	await bench.time({ id: 'success', title: 'around a call that succeeds at once', baseline: BARE, compare: 'cost' }, [{ name: BARE, run: () => atOnce() }, ...operations]);
	await crowds(bench);
}

/** With a signal each, as behind a deadline: thousands of listeners on one would be measured instead. */
async function crowds(bench: Bench): Promise<void> {
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const { FlightDeck } = bench.lib('flight/single-flight') as typeof import('../../lib/flight/single-flight.ts');
	const { ConcurrencyLimiter } = bench.lib('limit/concurrency') as typeof import('../../lib/limit/concurrency.ts');
	const newContext = callContext(bench);
	const contexts = (count: number) => Array.from({ length: count }, () => ({ ...newContext(), signal: new AbortController().signal }));
	const deck = new FlightDeck(clock);
	const flight = { boundMs: 60_000, lane: 'a', isolate: <T,>(value: T) => value };
	const atOnce = async () => 1;
	const [few, many] = [100, bench.pick({ smoke: 200, default: 1000, full: 10_000 })];
	const queued = (count: number) => async () => {
		const limiter = new ConcurrencyLimiter({ maxConcurrent: 1 }, clock);
		await Promise.all(contexts(count).map(async (context) => await limiter.execute(atOnce, context)));
	};
	const flown = (count: number) => async () => {
		await Promise.all(contexts(count).map(async (context) => await deck.join('k', atOnce, context, flight)));
	};
	await bench.time({ id: 'crowds', title: 'many at once, per caller' }, [few, many].flatMap((count) => [
		{ name: `one flight for ${count.toLocaleString('en-US')}`, operations: count, run: flown(count) },
		{ name: `one slot for ${count.toLocaleString('en-US')}`, operations: count, run: queued(count) },
	]));
}
