import { randomUUID } from 'node:crypto';
import { BudgetBook } from '../ai';
import { Balancer, type BalanceOptions } from '../balance/balancer';
import { RecentLatencies } from '../balance/hedge';
import { BatchBook, type BatchRecord } from '../batch/progress';
import { Windows } from '../batch/windows';
import { BreakerPolicy } from '../breaker/policy';
import type { CircuitOptions } from '../breaker/circuit';
import { ClearableStore } from '../cache/clearable-store';
import { MemoryStore } from '../cache/memory-store';
import { OwnRules } from '../cache/own-rules';
import type { DetachedSignal } from '../cache/refresh';
import { deleteMatching, type Rule } from '../cache/rules';
import type { Store } from '../cache/store';
import { Background } from '../core/background';
import { systemClock, type Clock } from '../core/clock';
import { TimeoutError } from '../core/errors';
import { systemRandom, type Random } from '../core/random';
import { childController } from '../core/signal';
import { Ancestry } from '../flight/ancestry';
import { Comebacks } from '../flight/comeback';
import { FlightDeck } from '../flight/single-flight';
import { createTransport, proxyFor, type PooledTransport } from '../http';
import { BodyCompressor } from '../http/compress';
import type { InsightSettings } from '../insight';
import { AimdLimiter, type AimdOptions } from '../limit/aimd';
import { ConcurrencyLimiter } from '../limit/concurrency';
import { LearntLimit } from '../limit/learnt';
import { TokenRate } from '../limit/token-rate';
import { RateLimiter, type RateOptions } from '../limit/rate';
import { RetryBudget, type BudgetOptions } from '../retry/budget';
import { SimilarIndex } from '../similar';
import { SimilarCounts, type SimilarParts } from '../similar/policy';
import { VectorIndex } from '../similar/vectors';
import type { Policy } from '../core/policy';
import type { ResourceFacts, Snapshot } from '../core/snapshot';
import { compose, openLane, type Lane, type LaneOptions } from './compose';
import { ESTATE_FORMAT, type Estate } from './estate';
import { foreseeIn, type Foreseen } from './foresee';
import { Journals } from './journals';
import { MemoryGuard, type HeapReading, type MemoryGuardStats } from './memory-guard';
import { measuresFrom, Measurements, n8nTellsMetrics, notesExecutions } from './measurements';
import { Oversight } from './oversight';
import { Registry } from './registry';
import { resourcesOf } from './resources';
import { scopeKey, type Scope } from './scope';
import { OwnShelf, SharedShelf } from './shelf';
import { SharedLimits, type CircuitReset } from './shared-limits';
import { SharedStores, type Cleared, type SharedStore } from './shared-stores';
import { Templates } from './templates';
import { userAgentOf } from './user-agent';

const SWEEP_EVERY_MS = 60_000;
const IDLE_MS = 30 * 60_000;
const MAX_SCOPES = 500;
const MAX_BACKGROUND_TASKS = 50;

export interface RuntimeParts {
	readonly clock?: Clock;
	readonly random?: Random;
	/** How full the heap is; by default, as V8 says. */
	readonly readHeap?: () => HeapReading;
	/** Told of failures in work that nobody waits for. */
	readonly log?: (message: string) => void;
}

export interface RuntimeStats {
	readonly store: ReturnType<Store['stats']>;
	readonly similar: ReturnType<SimilarIndex['stats']> & Readonly<SimilarCounts> & { readonly vectors: ReturnType<VectorIndex['stats']> };
	readonly inFlight: number;
	readonly coalesced: number;
	readonly backgroundFailures: number;
	readonly circuits: ReadonlyArray<{ readonly scope: string; readonly state: string }>;
	/** Most used first. */
	readonly pools: ReturnType<PooledTransport['stats']>;
	/** Those that run and the last fifty that have ended. */
	readonly batches: readonly BatchRecord[];
	/** What scarce memory has made of the caches. */
	readonly memory: MemoryGuardStats;
}

/** Everything that outlives one execution, once per process. */
export class Runtime {
	readonly clock: Clock;
	readonly random: Random;
	readonly store: Store;
	/** Stores that other processes reach too, with this one's memory in front of them. */
	readonly sharedStores: SharedStores;
	/** How far batches are. */
	readonly batches: BatchBook;
	/** What batches have done, so that another try need not do it again. */
	readonly journals: Journals;
	/** Libraries of templates, and those that are compiled. */
	readonly templates: Templates;
	readonly similar: Omit<SimilarParts, 'store'>;
	readonly flights: FlightDeck;
	readonly background: Background;
	readonly transport: PooledTransport;
	/** What AI calls may spend and have spent today. */
	readonly spending: BudgetBook;
	readonly comebacks = new Comebacks();
	/** Workflows that wait for what runs inside them. */
	readonly ancestry = new Ancestry();
	readonly compressor = new BodyCompressor();
	/** Where items of several executions meet for requests that they share. */
	readonly windows: Windows;
	/** Of calls and of the process. */
	readonly measurements: Measurements;
	/** Makes the caches yield where memory runs out. */
	readonly memoryGuard: MemoryGuard;
	/** What is judged of that. */
	readonly oversight: Oversight;
	readonly #breakers: Registry<BreakerPolicy>;
	readonly #limiters: Registry<ConcurrencyLimiter>;
	readonly #adaptive: Registry<AimdLimiter>;
	readonly #rates: Registry<RateLimiter>;
	readonly #tokens: Registry<TokenRate>;
	readonly #budgets: Registry<RetryBudget>;
	readonly #balancers: Registry<Balancer>;
	readonly #latencies: Registry<RecentLatencies>;
	readonly #learnt: Registry<LearntLimit>;
	/** By store, for as long as it is open. */
	readonly #overProcesses = new WeakMap<SharedStore, SharedLimits>();
	readonly #oversights = new WeakMap<SharedStore, Oversight>();
	readonly #bounds = { max: MAX_SCOPES, idleMs: IDLE_MS, now: () => this.clock.now() };
	/** What nodes ask for is shortened to this. */
	longestTtlMs = Infinity;
	readonly #apply = ({ shrinkCachesPercent, stopCachesPercent, collectGarbage, cacheEntries, cacheMegabytes, longestTtlSeconds }: InsightSettings): void => {
		this.memoryGuard.configure({ shrinkCachesPercent, stopCachesPercent, collectGarbage });
		this.#memory.resize({ maxEntries: cacheEntries, maxBytes: cacheMegabytes * 1_048_576 });
		this.longestTtlMs = longestTtlSeconds === 0 ? Infinity : longestTtlSeconds * 1000;
	};
	/** Another one after a restart. */
	readonly #id = randomUUID();
	readonly #memory: MemoryStore;
	readonly #rules = new OwnRules();
	readonly #end = new AbortController();
	#cancelSweep: () => void = () => {};

	constructor(parts: RuntimeParts = {}) {
		this.clock = parts.clock ?? systemClock;
		this.random = parts.random ?? systemRandom;
		this.#memory = new MemoryStore({ clock: this.clock });
		this.store = new ClearableStore(this.#memory, this.#rules);
		this.sharedStores = new SharedStores(this.#memory, this.clock, this.random, parts.log);
		this.journals = new Journals(this.clock);
		this.batches = new BatchBook(this.clock);
		this.templates = new Templates(this.clock, (rule) => this.clear(rule));
		this.similar = { index: new SimilarIndex({ clock: this.clock }), vectors: new VectorIndex({ clock: this.clock }), counts: new SimilarCounts() };
		const caches = [this.#memory.bound, this.similar.index.bound, this.similar.vectors.bound];
		this.memoryGuard = new MemoryGuard({ clock: this.clock, caches, read: parts.readHeap, log: parts.log });
		this.flights = new FlightDeck(this.clock);
		this.background = new Background(MAX_BACKGROUND_TASKS, (_key, error) =>
			parts.log?.(`A background refresh failed: ${error instanceof Error ? error.message : String(error)}`),
		);
		this.spending = new BudgetBook(this.clock);
		this.transport = createTransport({ clock: this.clock });
		const resources = async () => await this.#resources();
		this.measurements = new Measurements({ clock: this.clock, id: this.#id, enabled: measuresFrom(process.env), resources, stores: () => this.sharedStores.list() });
		this.oversight = new Oversight({ clock: this.clock, snapshot: async () => await this.snapshot(), shelf: new OwnShelf(), apply: this.#apply });
		const shared = this.#bounds;
		// An open circuit may be forgotten too: hundreds of dead origins must not lock out the next one.
		this.#breakers = new Registry({ ...shared, isIdle: (breaker) => breaker.state !== 'half-open' });
		this.#limiters = new Registry({ ...shared, isIdle: (limiter) => limiter.active === 0 });
		this.#adaptive = new Registry({ ...shared, isIdle: (limiter) => limiter.active === 0 });
		this.#rates = new Registry({ ...shared, isIdle: (rate) => rate.idle });
		this.#tokens = new Registry({ ...shared, isIdle: (rate) => rate.idle });
		this.#budgets = new Registry({ ...shared, isIdle: () => true });
		this.#balancers = new Registry({ ...shared, isIdle: (balancer) => balancer.idle });
		this.#latencies = new Registry({ ...shared, isIdle: () => true });
		this.#learnt = new Registry({ ...shared, isIdle: (limit) => limit.idle });
		this.windows = new Windows(this.clock);
		this.#scheduleSweep();
	}

	/** A way for calls of one kind; cheap enough to be made once per execution. */
	lane(options: LaneOptions): Lane {
		if (options.shared) this.oversightOver(options.shared);
		this.measurements.start();
		this.memoryGuard.start();
		return openLane(this, options);
	}

	/** The same way for requests that are not calls of their own: they are not counted as such. */
	policy(options: LaneOptions): Policy {
		return compose(this, options);
	}

	breaker(scope: Scope, options: CircuitOptions): BreakerPolicy {
		const key = JSON.stringify([scopeKey(scope), options.failureThreshold, options.failureWindowMs, options.openMs]);
		return this.#breakers.obtain(key, () => new BreakerPolicy(scope.origin, options, this.clock));
	}

	limiter(scope: Scope, maxConcurrent: number): ConcurrencyLimiter {
		const key = JSON.stringify([scopeKey(scope), maxConcurrent]);
		return this.#limiters.obtain(key, () => new ConcurrencyLimiter({ maxConcurrent }, this.clock));
	}

	adaptiveLimiter(scope: Scope, { max, latencyTargetMs }: AimdOptions): AimdLimiter {
		const key = JSON.stringify([scopeKey(scope), max, latencyTargetMs]);
		return this.#adaptive.obtain(key, () => new AimdLimiter({ max, latencyTargetMs }, this.clock));
	}

	/** What an origin has said of its limits, for what it counts apart, such as each model. */
	learntLimit(scope: Scope, name: string): LearntLimit {
		return this.#learnt.obtain(JSON.stringify([scopeKey(scope), name]), () => new LearntLimit(this.clock));
	}

	tokenRate(scope: Scope, perMinute: number): TokenRate {
		return this.#tokens.obtain(JSON.stringify([scopeKey(scope), perMinute]), () => new TokenRate(perMinute, this.clock));
	}

	rateLimiter(scope: Scope, { perSecond, perMinute, burst, ...rest }: RateOptions): RateLimiter {
		const key = JSON.stringify([scopeKey(scope), perSecond, perMinute, burst]);
		return this.#rates.obtain(key, () => new RateLimiter({ perSecond, perMinute, burst, ...rest }, this.clock));
	}

	/** What is counted with all processes that share that store. */
	limitsOver(shared: SharedStore): SharedLimits {
		const { clock, random, spending } = this;
		const breaker = this.breaker.bind(this);
		const resetCircuits = this.resetCircuits.bind(this);
		const parts = { clock, random, spending, breaker, resetCircuits, process: this.#id, bounds: this.#bounds };
		const limits = this.#overProcesses.get(shared) ?? new SharedLimits(shared, parts);
		this.#overProcesses.set(shared, limits);
		return limits;
	}

	retryBudget(scope: Scope, options: BudgetOptions): RetryBudget {
		const key = JSON.stringify([scopeKey(scope), options.percent, options.floor, options.windowMs]);
		return this.#budgets.obtain(key, () => new RetryBudget(options, this.clock));
	}

	balancer(scope: Scope, { origins, strategy, ejection, probe }: BalanceOptions): Balancer {
		const options = { origins, strategy, ejection, probe };
		const key = JSON.stringify([scopeKey(scope), options]);
		return this.#balancers.obtain(key, () => new Balancer(options, this.clock, this.random));
	}

	latencies(scope: Scope): RecentLatencies {
		return this.#latencies.obtain(scopeKey(scope), () => new RecentLatencies());
	}

	/** A signal for work that outlives its caller: aborted by its own bound, or when the process lets go of us. */
	readonly detachedSignal = (timeoutMs: number): DetachedSignal => {
		const { controller, release } = childController(this.#end.signal);
		const cancel = this.clock.after(timeoutMs, () => controller.abort(new TimeoutError('total', timeoutMs)));
		return {
			signal: controller.signal,
			deadlineAt: this.clock.now() + timeoutMs,
			release: () => {
				cancel();
				release();
			},
		};
	};

	/** The proxy that the environment of this process names for an address; it is read once, as each look at it goes through the system. */
	readonly proxyFor = (url: string): string | undefined =>
		this.#environment === undefined ? undefined : proxyFor(url, this.#environment);
	/** Undefined where it names no proxy at all. */
	readonly #environment = Object.keys(process.env).some((name) => /_proxy$/i.test(name) && !/^no_/i.test(name))
		? { ...process.env }
		: undefined;

	/** Whether n8n serves metrics of its own, in which ours may stand; the environment is read once. */
	readonly n8nTellsMetrics = n8nTellsMetrics(process.env);
	readonly notesExecutions = notesExecutions(process.env);

	/** Of requests that name none; the environment is read once. */
	readonly userAgent = userAgentOf(process.env);

	/** Clears what the memory of this process keeps for itself. */
	clear(rule: Rule): Cleared {
		this.#rules.issue(rule);
		return { removed: deleteMatching(this.#memory, rule), told: true };
	}

	/** What `clear` would take away. */
	foresee(rule: Rule): Foreseen {
		return foreseeIn(this.#memory, rule);
	}

	/** Closes the circuits of an origin, or all; gives those that were not closed. */
	resetCircuits(origin?: string): CircuitReset[] {
		const meant = this.#breakers.entries().map(([, breaker]) => breaker).filter((breaker) => origin === undefined || breaker.origin === origin);
		const shut = meant.map((breaker) => ({ origin: breaker.origin, was: breaker.state })).filter(({ was }) => was !== 'closed');
		for (const breaker of meant) breaker.reset();
		return shut;
	}

	stats(): RuntimeStats {
		return {
			store: this.store.stats(),
			similar: { ...this.similar.index.stats(), ...this.similar.counts, vectors: this.similar.vectors.stats() },
			inFlight: this.flights.inFlight,
			coalesced: this.flights.coalesced,
			backgroundFailures: this.background.failures,
			circuits: this.#breakers.entries().map(([scope, breaker]) => ({ scope, state: breaker.state })),
			pools: this.transport.ranking(Infinity),
			batches: this.batches.list(),
			memory: this.memoryGuard.stats(),
		};
	}

	/** What was measured in this process. */
	async snapshot(): Promise<Snapshot> {
		return await this.measurements.snapshot();
	}

	/** What was measured in all processes that share that store, as far as they were heard of lately. */
	async snapshotOver(shared: SharedStore): Promise<Snapshot> {
		return await this.measurements.snapshotOver(shared);
	}

	/** As `oversight`, of all processes that share that store. */
	oversightOver(shared: SharedStore): Oversight {
		const present = this.#oversights.get(shared);
		if (present) return present;
		const oversight = new Oversight({ clock: this.clock, snapshot: async () => await this.snapshotOver(shared), shelf: new SharedShelf(shared.backend, shared.aside), apply: this.#apply });
		this.#oversights.set(shared, oversight);
		// What was set there by any process holds in this one, too.
		void oversight.settings();
		return oversight;
	}

	sweep(): void {
		this.store.sweep();
		this.sharedStores.sweep();
		for (const shared of this.sharedStores.list()) void this.#oversights.get(shared)?.settings({ aside: true });
		this.journals.sweep();
		this.similar.index.sweep();
		this.similar.vectors.sweep();
		this.transport.sweep();
		this.#breakers.sweep();
		const plain = [this.#limiters, this.#adaptive, this.#rates, this.#tokens, this.#budgets, this.#balancers, this.#latencies, this.#learnt];
		for (const registry of plain) registry.sweep();
	}

	/** What a newer build's runtime goes on with. */
	estate(): Estate {
		return { format: ESTATE_FORMAT, answers: this.#memory.contents(), rules: this.#rules.book.entries(), spent: this.spending.today(), journals: this.journals.contents() };
	}

	/** Goes on with what an older build's runtime leaves. */
	inherit({ answers, rules, spent, journals }: Estate): void {
		for (const { number, rule } of rules) this.#rules.book.add(number, rule);
		// The most recently used comes first, and is to be the most recently used here, too.
		for (const { key, value, ...options } of [...answers].reverse()) void this.#memory.set(key, value, options);
		this.spending.goOnFrom(spent);
		this.journals.adopt(journals);
	}

	/** Ends timers and background work and closes connections once they are idle; calls under way finish. */
	async dispose(): Promise<void> {
		this.#cancelSweep();
		this.measurements.enabled = false;
		this.memoryGuard.stop();
		for (const [, balancer] of this.#balancers.entries()) balancer.dispose();
		this.#end.abort();
		await this.background.drain();
		await this.transport.dispose();
		this.similar.index.clear();
		this.similar.vectors.clear();
		await this.sharedStores.dispose();
		await this.journals.dispose();
		await this.store.dispose();
	}

	async #resources(): Promise<ResourceFacts> {
		const stores = this.sharedStores.list();
		const shared = stores.flatMap((store) => this.#overProcesses.get(store)?.rates() ?? []);
		return await resourcesOf({
			process: this.#id,
			memory: this.store,
			stores,
			transport: this.transport,
			breakers: this.#breakers.entries(),
			limits: {
				slots: this.#limiters.entries(),
				adaptive: this.#adaptive.entries(),
				rate: [...this.#rates.entries(), ...shared],
				tokens: this.#tokens.entries(),
				learnt: this.#learnt.entries(),
			},
			batches: this.batches,
		});
	}

	#scheduleSweep(): void {
		this.#cancelSweep = this.clock.after(SWEEP_EVERY_MS, () => {
			this.sweep();
			this.#scheduleSweep();
		});
	}
}
