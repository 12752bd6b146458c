import type { Clock } from '../core/clock';
import type { SeriesLabels, WindowName } from '../core/snapshot';
import { Series, type WrittenSeries } from './series';
import { Tally, type CallRecord } from './tally';
import { forEachWindow, MINUTE_MS, minutesOf, ringsOf } from './windows';

export interface RegistryOptions {
	readonly clock: Clock;
	/** Default true. */
	readonly enabled?: boolean;
}

/** What was counted, in a form that adds up with that of other processes. */
export interface WrittenMetrics {
	readonly windows: Readonly<Record<WindowName, { readonly spanMs: number; readonly series: readonly WrittenSeries[] }>>;
	readonly ever: readonly WrittenSeries[];
}

/** Calls of further label sets are counted together under `other`. */
export const MAX_SERIES = 200;
const OTHER = 'other';
const MAX_NAME_LENGTH = 100;
/** A series without calls for longer is in no window any more. */
const IDLE_MS = 25 * 60 * MINUTE_MS;

export interface Meter {
	/** Counts a call that ended at that time, which is now unless it is given. */
	record(call: CallRecord, at?: number): void;
	/** Counts a call that nobody waited for. */
	refreshed(call: CallRecord): void;
}

/** Counts and times every call of the process. */
export class MetricsRegistry {
	/** May be changed at any time: what ends while it is off is not counted. */
	enabled: boolean;
	readonly #clock: Clock;
	readonly #series = new Map<string, Series>();
	readonly #spans = ringsOf(() => undefined);
	readonly #minutes = minutesOf<Uint8Array>((before, more) => Tally.of(before, more).write());
	readonly #since: number;

	constructor({ clock, enabled = true }: RegistryOptions) {
		this.#clock = clock;
		this.#since = clock.now();
		this.enabled = enabled;
	}

	/** Where calls with these labels are counted; cheap to keep, and nothing before the first call. */
	meter(labels: SeriesLabels): Meter {
		const bounded = boundedLabels(labels);
		const key = keyOf(bounded);
		let series: Series | undefined;
		/** One that left, as it was idle, comes back as another. */
		const find = (now: number) => {
			if (series === undefined || now - series.lastAt >= IDLE_MS) series = this.#find(key, bounded);
			return series.at(now);
		};
		return {
			record: (call, at = this.#clock.now()) => {
				if (this.enabled) find(at).record(call);
			},
			refreshed: (call) => {
				if (this.enabled) find(this.#clock.now()).refreshed(call);
			},
		};
	}

	/** Writes down what is over, and lets go of what is idle; called now and then. */
	settle(): void {
		const now = this.#clock.now();
		for (const [key, series] of this.#series) {
			series.settle(now);
			if (now - series.lastAt >= IDLE_MS) this.#series.delete(key);
		}
	}

	written(): WrittenMetrics {
		this.settle();
		const now = this.#clock.now();
		const sinceEpoch = this.#clock.wallNow() - now;
		const all = Array.from(this.#series.values(), (series) => ({
			facts: { ...series.labels, lastAt: Math.round(series.lastAt + sinceEpoch) },
			tallies: series.written(now),
		}));
		const writtenOf = (name: WindowName | 'ever'): WrittenSeries[] =>
			all.flatMap(({ facts, tallies: { [name]: tally } }) => (tally ? [{ ...facts, tally }] : []));
		return {
			windows: forEachWindow((name) => ({
				spanMs: Math.min(now - this.#since, this.#spans[name].spanMs(now)),
				series: writtenOf(name),
			})),
			ever: writtenOf('ever'),
		};
	}

	/** Of the last day, what was counted in each minute; only whole slots. */
	minutes(): Array<{ readonly at: number; readonly value: Uint8Array }> {
		this.settle();
		return this.#minutes.until(this.#clock.wallNow());
	}

	#find(key: string, labels: SeriesLabels): Series {
		const found = this.#series.get(key);
		if (found) return found;
		if (this.#series.size >= MAX_SERIES && labels !== OTHERS) return this.#find(OTHER, OTHERS);
		const series = new Series(labels, (at, written) => this.#minutes.add(at + this.#clock.wallNow() - this.#clock.now(), written));
		this.#series.set(key, series);
		return series;
	}
}

/** What is counted together where there are too many to count apart. */
export const OTHERS: SeriesLabels = { source: OTHER, workflowId: OTHER, node: OTHER, origin: OTHER, model: OTHER };

export function keyOf({ source, workflowId, node, origin, model }: SeriesLabels): string {
	return JSON.stringify([source, workflowId, node, origin, model]);
}

/** Names are the user's, and may be of any length; an address may hold a password. */
function boundedLabels({ source, workflowId, node, origin, model }: SeriesLabels): SeriesLabels {
	return { source: bounded(source), workflowId: bounded(workflowId), node: bounded(node), origin: bounded(originOf(origin)), model: bounded(model) };
}

function bounded(name: string): string {
	return name.slice(0, MAX_NAME_LENGTH);
}

function originOf(address: string): string {
	if (!/^[a-z][a-z\d+.-]*:\/\//i.test(address) || !URL.canParse(address)) return address.replace(/^.*@|[/?#].*$/g, '');
	const { origin, protocol, host } = new URL(address);
	return origin === 'null' ? `${protocol}//${host}` : origin;
}
