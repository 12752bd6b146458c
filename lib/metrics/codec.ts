import type { LoadFacts } from '../core/snapshot';
import { NO_LOAD } from './load';
import type { ProcessState, WrittenMinute } from './merge';
import type { WrittenSeries } from './series';
import { forEachWindow } from './windows';

/** One of each, by which what is read is judged. */
const SERIES = { source: '', workflowId: '', node: '', origin: '', model: '', lastAt: 0, tally: '' };
const STATE = {
	process: { id: '', pid: 0, host: '', kind: '', startedAt: 0, at: 0, now: NO_LOAD },
	windows: forEachWindow(() => ({ spanMs: 0, series: [SERIES], load: NO_LOAD })),
	ever: [SERIES],
	resources: {
		caches: [{ process: '', name: '', entries: null, bytes: null, maxBytes: null, evictions: 0, expired: 0, state: '' }],
		pools: [{ process: '', origin: '', open: 0, inUse: 0, queued: 0, requests: 0, connects: 0, handshakes: 0, prewarmed: 0 }],
		circuits: [{ process: '', origin: '', state: '', trips: 0 }],
		limiters: [{ process: '', origin: '', kind: '', active: 0, waiting: 0, limit: null }],
		batches: [{ process: '', workflowId: '', executionId: '', node: '', state: '', startedAt: 0, items: 0, ok: 0, resumed: 0, failed: 0, cancelled: 0, leftMs: null }],
	},
};
const MINUTE = { at: 0, tally: null, load: NO_LOAD };

export function encodeState(state: ProcessState): Buffer {
	return Buffer.from(JSON.stringify(state, toText));
}

/** Undefined where it is none of this version's. */
export function decodeState(bytes: Buffer): ProcessState | undefined {
	const read = parse(bytes);
	if (!fits(read, STATE)) return undefined;
	const { windows, ever, ...rest } = read as unknown as ReadState;
	return {
		...rest,
		ever: ever.map(withTally),
		windows: forEachWindow((name) => ({ ...windows[name], series: windows[name].series.map(withTally) })),
	};
}

export function encodeMinutes(minutes: readonly WrittenMinute[]): Buffer {
	return Buffer.from(JSON.stringify(minutes.map(({ at, tally, load }) => ({ at, tally: tally ?? null, load })), toText));
}

export function decodeMinutes(bytes: Buffer): WrittenMinute[] {
	const read = parse(bytes);
	if (!fits(read, [MINUTE])) return [];
	return (read as ReadonlyArray<{ at: number; tally: string | null; load: LoadFacts }>).map(({ at, tally, load }) => ({
		at, load, tally: tally === null ? undefined : fromText(tally),
	}));
}

type ReadSeries = Omit<WrittenSeries, 'tally'> & { readonly tally: string };

interface ReadState extends Omit<ProcessState, 'windows' | 'ever'> {
	readonly windows: Readonly<Record<keyof ProcessState['windows'], Omit<ProcessState['windows']['1m'], 'series'> & { readonly series: readonly ReadSeries[] }>>;
	readonly ever: readonly ReadSeries[];
}

function withTally({ tally, ...series }: ReadSeries): WrittenSeries {
	return { ...series, tally: fromText(tally) };
}

function toText(_name: string, value: unknown): unknown {
	return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') : value;
}

function fromText(text: string): Uint8Array {
	return Buffer.from(text, 'base64');
}

function parse(bytes: Buffer): unknown {
	try {
		return JSON.parse(bytes.toString());
	} catch {
		return undefined;
	}
}

/** Whether a value has all that the sample has, of the same types. Null stands for what may be missing: a number, a text or nothing. */
function fits(value: unknown, sample: unknown): boolean {
	if (sample === null) return value === null || typeof value === 'number' || typeof value === 'string';
	if (Array.isArray(sample)) return Array.isArray(value) && value.every((element) => fits(element, sample[0]));
	if (typeof sample !== 'object') return typeof value === typeof sample;
	if (typeof value !== 'object' || value === null) return false;
	return Object.entries(sample).every(([name, part]) => fits((value as Readonly<Record<string, unknown>>)[name], part));
}
