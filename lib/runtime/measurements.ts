import { hostname } from 'node:os';
import type { Clock } from '../core/clock';
import type { ProcessFacts, ResourceFacts, Snapshot } from '../core/snapshot';
import { MetricsExchange } from '../metrics/exchange';
import { LoadMonitor } from '../metrics/load';
import { merge, minutesOf, type ProcessState, type WrittenMinute } from '../metrics/merge';
import { MetricsRegistry } from '../metrics/registry';
import { forEachWindow, SLOT_MS } from '../metrics/windows';
import type { SharedStore } from './shared-stores';

export interface MeasurementParts {
	readonly clock: Clock;
	/** Names this process among others, and after a restart. */
	readonly id: string;
	/** Whether it is measured from the start. */
	readonly enabled: boolean;
	readonly resources: () => Promise<ResourceFacts>;
	/** Those that are open; in each, the processes that share it tell each other of themselves. */
	readonly stores: () => readonly SharedStore[];
}

/** What this process measures of its calls and of itself. */
export class Measurements {
	readonly calls: MetricsRegistry;
	readonly load: LoadMonitor;
	readonly #exchanges = new WeakMap<SharedStore, MetricsExchange>();
	readonly #startedAt: number;
	#running = false;
	#cancelTick: () => void = () => {};

	constructor(private readonly parts: MeasurementParts) {
		const { clock, enabled } = parts;
		this.calls = new MetricsRegistry({ clock, enabled });
		this.load = new LoadMonitor(clock);
		this.#startedAt = clock.wallNow();
	}

	get enabled(): boolean {
		return this.calls.enabled;
	}

	/** What was measured stays until its windows have passed. */
	set enabled(enabled: boolean) {
		this.calls.enabled = enabled;
		if (!enabled) this.stop();
	}

	/** Begins with the first use of the runtime; costs nothing before. */
	start(): void {
		if (this.#running || !this.enabled) return;
		this.#running = true;
		this.load.start();
		this.#scheduleTick();
	}

	async snapshot(): Promise<Snapshot> {
		return merge(this.parts.clock.wallNow(), [await this.state()], [this.minutes()]);
	}

	/** Of all processes that share the store and were heard of lately, this one among them; of this one alone where the store is out. */
	async snapshotOver(shared: SharedStore): Promise<Snapshot> {
		const at = this.parts.clock.wallNow();
		const all = [{ state: await this.state(), minutes: this.minutes() }, ...(await this.#exchangeOver(shared).others())];
		const together = (some: typeof all) => merge(at, some.map(({ state }) => state), some.map(({ minutes }) => minutes));
		const isWhole = (one: (typeof all)[number]) => attempt(() => together([one])) !== undefined;
		return attempt(() => together(all)) ?? together(all.filter(isWhole));
	}

	async state(): Promise<ProcessState> {
		this.start();
		const { windows, ever } = this.calls.written();
		const loads = this.load.windows();
		return {
			process: this.#facts(),
			windows: forEachWindow((name) => ({ ...windows[name], load: loads[name] })),
			ever,
			resources: await this.parts.resources(),
		};
	}

	minutes(): WrittenMinute[] {
		return minutesOf(this.calls.minutes(), this.load.minutes());
	}

	stop(): void {
		this.#running = false;
		this.#cancelTick();
		this.load.stop();
	}

	#facts(): ProcessFacts {
		const { pid, argv } = process;
		const { id, clock } = this.parts;
		return { id, pid, host: hostname(), kind: kindOf(argv), startedAt: this.#startedAt, at: clock.wallNow(), now: this.load.now() };
	}

	#scheduleTick(): void {
		this.#cancelTick = this.parts.clock.after(SLOT_MS, () => {
			this.load.sample();
			this.calls.settle();
			for (const store of this.parts.stores()) {
				if (store.status.state === 'up') void this.#exchangeOver(store).tell(async () => await this.state(), () => this.minutes());
			}
			this.#scheduleTick();
		});
	}

	#exchangeOver(shared: SharedStore): MetricsExchange {
		const { clock, id } = this.parts;
		const { aside, backend } = shared;
		const exchange = this.#exchanges.get(shared) ?? new MetricsExchange({ clock, process: id, aside, backend });
		this.#exchanges.set(shared, exchange);
		return exchange;
	}
}

/** Undefined where what another process has told cannot be read. */
function attempt<T>(work: () => T): T | undefined {
	try {
		return work();
	} catch (error) {
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}

/** What n8n was told to be; empty where this is not n8n's own program. */
function kindOf([, program = '', command = 'start']: readonly string[]): string {
	if (!/(^|[/\\])n8n(\.cmd)?$/.test(program)) return '';
	return command === 'start' ? 'main' : /^(worker|webhook)$/.test(command) ? command : '';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Off where N8N_FASTPATH_METRICS is `false`. */
export function measuresFrom(environment: Environment): boolean {
	return environment.N8N_FASTPATH_METRICS?.toLowerCase() !== 'false';
}

/** Whether n8n serves metrics of its own. */
export function n8nTellsMetrics(environment: Environment): boolean {
	return ['true', '1'].includes(environment.N8N_METRICS?.toLowerCase() ?? '');
}

/** Whether executions are to say in their custom data what their calls came to: each is one more row in n8n's database, so only where that is wished for. */
export function notesExecutions(environment: Environment): boolean {
	return environment.N8N_FASTPATH_CUSTOM_DATA?.toLowerCase() === 'true';
}
