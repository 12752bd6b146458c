import type { Clock } from '../core/clock';
import type { SharedBackend, SharedLists, SharedValues } from '../core/shared';
import { decodeMinutes, decodeState, encodeMinutes, encodeState } from './codec';
import { fewer, type ProcessState, type WrittenMinute } from './merge';
import { forEachWindow, MINUTE_MS } from './windows';

export interface ExchangeParts {
	readonly clock: Clock;
	/** Names this process. */
	readonly process: string;
	/** Sends a command; undefined where the store was not in use, or out. Never rejects. */
	readonly aside: <T>(command: (store: SharedBackend) => Promise<T>) => Promise<{ readonly value: T } | undefined>;
	/** Never throws; of a store that is out, values are missing. */
	readonly backend: SharedValues & SharedLists;
}

/** Names in the store; another version of what is written there has others. */
const ROSTER = 'metrics 1 processes';
const STATE = 'metrics 1 state';
const MINUTES = 'metrics 1 minutes';

const ROSTER_KEPT_MS = 60 * MINUTE_MS;
/** A store that was started anew has forgotten who is there. */
const LISTED_EVERY_MS = MINUTE_MS / 4;
const MAX_LISTED = 500;
const MAX_PROCESSES = 64;
/** Of each window; the rest is told together. */
const MAX_SERIES = 50;
/** A process is told of so often, or less often where it has more to tell than this. */
const EVERY_MS = 5000;
const BYTES_PER_MS = 16;
/** A process that was not heard of for longer has gone. */
const HEARD_OF_MS = MINUTE_MS;
const HOUR_MS = 60 * MINUTE_MS;
const HOURS = 24;
/** After its end, the last minutes of an hour may yet be told. */
const LATE_MS = 5 * MINUTE_MS;

/** What the processes that share a store tell each other of their measurements. */
export class MetricsExchange {
	#listedAt = -Infinity;
	#nextAt = -Infinity;
	#toldMinute = 0;
	#busy = false;
	/** Hours of other processes that have nothing more to come. */
	readonly #hours = new Map<string, readonly WrittenMinute[]>();

	constructor(private readonly parts: ExchangeParts) {}

	/** Writes down what this process has measured, where that is due and the store in use. Never rejects. */
	async tell(state: () => Promise<ProcessState>, minutes: () => readonly WrittenMinute[]): Promise<void> {
		const { clock, process, aside } = this.parts;
		if (this.#busy || clock.now() < this.#nextAt) return;
		this.#busy = true;
		try {
			if (!(await this.#isListed())) return;
			const bytes = encodeState(bounded(await state()));
			const everyMs = Math.max(EVERY_MS, bytes.length / BYTES_PER_MS);
			this.#nextAt = clock.now() + everyMs;
			await aside(async (store) => await store.set(`${STATE} ${process}`, bytes, HEARD_OF_MS + 3 * everyMs));
			await this.#tellMinutes(minutes);
		} finally {
			this.#busy = false;
		}
	}

	/** What the others have told lately. */
	async others(): Promise<Array<{ readonly state: ProcessState; readonly minutes: readonly WrittenMinute[] }>> {
		const { backend, process } = this.parts;
		const listed = (await backend.list(ROSTER)).map(String);
		const names = [...new Set(listed)].filter((name) => name !== process).slice(-MAX_PROCESSES);
		if (names.length === 0) return [];
		const found = await backend.getMany(names.map((name) => `${STATE} ${name}`));
		const states = found.flatMap((bytes) => (bytes && decodeState(bytes)) ?? []);
		const minutes = await this.#minutesOf(states.map((state) => state.process.id));
		return states.map((state, index) => ({ state, minutes: minutes[index] ?? [] }));
	}

	async #isListed(): Promise<boolean> {
		const { clock, process, aside } = this.parts;
		if (clock.now() - this.#listedAt < LISTED_EVERY_MS) return true;
		const told = await aside(async (store) => await store.append(ROSTER, Buffer.from(process), { ttlMs: ROSTER_KEPT_MS, max: MAX_LISTED }));
		if (told) this.#listedAt = clock.now();
		return told !== undefined;
	}

	/** By the hour, as values that are written anew with each minute. */
	async #tellMinutes(minutes: () => readonly WrittenMinute[]): Promise<void> {
		const { clock, process, aside } = this.parts;
		const last = Math.floor(clock.wallNow() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
		if (last <= this.#toldMinute) return;
		const hour = Math.floor(last / HOUR_MS);
		const untold = minutes().filter(({ at }) => Math.floor(at / HOUR_MS) === hour);
		const told = await aside(async (store) => await store.set(`${MINUTES} ${process} ${hour}`, encodeMinutes(untold), (HOURS + 1) * HOUR_MS));
		if (told) this.#toldMinute = last;
	}

	async #minutesOf(names: readonly string[]): Promise<WrittenMinute[][]> {
		const now = this.parts.clock.wallNow();
		const last = Math.floor(now / HOUR_MS);
		const hours = Array.from({ length: HOURS + 1 }, (_none, index) => last - HOURS + index);
		const keys = names.flatMap((name) => hours.map((hour) => `${MINUTES} ${name} ${hour}`));
		const unknown = keys.filter((key) => !this.#hours.has(key));
		const found = await this.parts.backend.getMany(unknown);
		const read = new Map(unknown.map((key, index) => [key, found[index] ? decodeMinutes(found[index]) : []]));
		const settled = Math.floor((now - LATE_MS) / HOUR_MS);
		const known = (name: string, hour: number) => this.#hours.get(`${MINUTES} ${name} ${hour}`) ?? read.get(`${MINUTES} ${name} ${hour}`) ?? [];
		const all = names.map((name) => hours.map((hour) => ({ hour, key: `${MINUTES} ${name} ${hour}`, minutes: known(name, hour) })));
		this.#hours.clear();
		for (const { hour, key, minutes } of all.flat()) if (hour < settled && minutes.length > 0) this.#hours.set(key, minutes);
		const since = now - HOURS * HOUR_MS;
		return all.map((parts) => parts.flatMap(({ minutes }) => minutes.filter(({ at }) => at > since)));
	}
}

/** What there ever was stays whole: were it another choice each time, what is told together would shrink. */
function bounded(state: ProcessState): ProcessState {
	const { windows } = state;
	return { ...state, windows: forEachWindow((name) => ({ ...windows[name], series: fewer(windows[name].series, MAX_SERIES) })) };
}
