/** Retry, breaker, timeout and bound around a call that succeeds at once, and limiters with a crowd in front of them. */
import type { Operation } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';
import { SCOPE } from '../micro/payloads.mts';
import { callContext, policyParts } from '../micro/requests.mts';
import { peer, versionOf } from './install.mts';

type Run = (call: () => Promise<unknown>) => Promise<unknown>;

const call = async () => 1;
const SLOTS = 10;

export default async function resilience(bench: Bench): Promise<void> {
	for (const name of ['cockatiel', 'opossum', 'p-limit', 'p-queue', 'bottleneck']) bench.used(name, versionOf(name));
	await pipelines(bench);
	await limiters(bench);
}

async function pipelines(bench: Bench): Promise<void> {
	const { pipeline, circuit, backoff, retry, breaker, limiter, timeout } = policyParts(bench);
	const { Runtime } = bench.lib('runtime/runtime') as typeof import('../../lib/runtime/runtime.ts');
	const newContext = callContext(bench);
	const stages = pipeline(retry, breaker, limiter, timeout);
	const lane = new Runtime().lane({ source: 'bench', scope: SCOPE, maxConcurrent: 50, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000, retry: backoff, breaker: circuit });
	const { signal } = new AbortController();
	const theirs = await peerPipelines();
	await bench.time({ id: 'pipeline', title: 'retry, breaker, bound and timeout', baseline: 'our four policies', compare: 'cost' }, [
		{ name: 'our four policies', run: () => stages.execute(call, newContext()) },
		{ name: 'our whole pipeline, with deadline, trace and metrics', run: () => lane.run(call, { signal, idempotent: true }) },
		...Object.entries(theirs).map(([name, run]): Operation => ({ name, run: () => run(call) })),
	]);
}

async function peerPipelines(): Promise<Record<string, Run>> {
	const cockatiel = (await peer('cockatiel')) as {
		wrap(...policies: unknown[]): { execute: Run };
		retry(all: unknown, options: object): unknown;
		circuitBreaker(all: unknown, options: object): unknown;
		timeout(ms: number, strategy: string): unknown;
		bulkhead(slots: number, queue: number): unknown;
		handleAll: unknown;
		ConsecutiveBreaker: new (failures: number) => unknown;
		ExponentialBackoff: new () => unknown;
	};
	const { default: Opossum } = (await peer('opossum')) as { default: new (call: (inner: () => Promise<unknown>) => Promise<unknown>, options: object) => { fire: Run } };
	const { handleAll } = cockatiel;
	const wrapped = cockatiel.wrap(
		cockatiel.retry(handleAll, { maxAttempts: 3, backoff: new cockatiel.ExponentialBackoff() }),
		cockatiel.circuitBreaker(handleAll, { halfOpenAfter: 60_000, breaker: new cockatiel.ConsecutiveBreaker(5) }),
		cockatiel.bulkhead(50, 10_000),
		cockatiel.timeout(30_000, 'aggressive'),
	);
	// It has no retry.
	const breaker = new Opossum(async (inner) => await inner(), { timeout: 30_000, capacity: 50, resetTimeout: 60_000 });
	return { cockatiel: (inner) => wrapped.execute(inner), 'opossum, without retry': (inner) => breaker.fire(inner) };
}

async function limiters(bench: Bench): Promise<void> {
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const { ConcurrencyLimiter } = bench.lib('limit/concurrency') as typeof import('../../lib/limit/concurrency.ts');
	const newContext = callContext(bench);
	const crowd = bench.pick({ smoke: 20, default: 1000, full: 1000 });
	const { default: pLimit } = (await peer('p-limit')) as { default: (slots: number) => Run };
	const { default: PQueue } = (await peer('p-queue')) as { default: new (options: object) => { add: Run } };
	const { default: Bottleneck } = (await peer('bottleneck')) as { default: new (options: object) => { schedule: Run } };
	const { bulkhead } = (await peer('cockatiel')) as { bulkhead(slots: number, queue: number): { execute: Run } };
	const makers: Record<string, () => Run> = {
		'our limiter': () => {
			const limiter = new ConcurrencyLimiter({ maxConcurrent: SLOTS }, clock);
			return (inner) => limiter.execute(inner, newContext());
		},
		'p-limit': () => pLimit(SLOTS),
		'p-queue': () => {
			const queue = new PQueue({ concurrency: SLOTS });
			return (inner) => queue.add(inner);
		},
		'cockatiel bulkhead': () => {
			const policy = bulkhead(SLOTS, crowd);
			return (inner) => policy.execute(inner);
		},
		bottleneck: () => {
			const bottleneck = new Bottleneck({ maxConcurrent: SLOTS });
			return (inner) => bottleneck.schedule(inner);
		},
	};
	const alone = Object.entries(makers).map(([name, make]): Operation => {
		const run = make();
		return { name, run: () => run(call) };
	});
	const crowded = Object.entries(makers).map(([name, make]): Operation => ({
		name,
		operations: crowd,
		run: () => {
			const run = make();
			return Promise.all(Array.from({ length: crowd }, () => run(call)));
		},
	}));
	const head = { baseline: 'our limiter', compare: 'cost' as const };
	await bench.time({ id: 'limiter', title: 'bound of 10, one call at a time', ...head }, alone);
	await bench.time({ id: 'limiter-crowd', title: `bound of 10, ${crowd.toLocaleString('en-US')} calls at once, each`, ...head }, crowded);
}
