import type { Clock } from '../core/clock';
import type { SureShared } from '../core/shared';
import { sizeOf } from './isolate';
import type { ManyStore, Store } from './store';
import { Usage } from './usage';

const LIST = 'most used';
const REPORT_EVERY_MS = 5 * 60_000;
/** A report counts for a day; of more processes and periods than that, the latest count. */
const KEPT = { ttlMs: 86_400_000, max: 20 } as const;
const MAX_KEYS = 200;
const MAX_REPORT_BYTES = 65_536;
/** Of what is read ahead: a quarter of what the memory may hold. */
const MAX_BYTES = 16 * 1_048_576;
const KEYS_AT_ONCE = 50;

export interface WarmUpParts {
	readonly shared: SureShared;
	readonly behind: ManyStore;
	/** Takes what is not cleared. */
	readonly front: Store;
	readonly clock: Clock;
}

/**
 * Has the answers that were used most at hand when a process starts. Each process notes now and then in the store which keys it
 * used most; one that starts reads the notes of all, and takes those answers into its memory. Nobody waits for either.
 */
export class WarmUp {
	readonly #usage = new Usage();
	#reportedAt: number;

	constructor(private readonly parts: WarmUpParts) {
		this.#reportedAt = parts.clock.now();
	}

	used(key: string): void {
		this.#usage.count(key);
	}

	/** Resolves to the number of answers that were taken into memory. */
	async preload(): Promise<number> {
		const { shared, behind, front } = this.parts;
		const reports = await shared.sure(async (store) => await store.list(LIST));
		const keys = mostUsed(reports?.value ?? []);
		let bytes = 0;
		let taken = 0;
		for (let start = 0; start < keys.length && bytes < MAX_BYTES; start += KEYS_AT_ONCE) {
			const part = keys.slice(start, start + KEYS_AT_ONCE);
			const found = await behind.getMany(part);
			for (const [index, key] of part.entries()) {
				const answer = found[index];
				if (!answer || answer.ageMs >= answer.ttlMs || (await front.get(key))) continue;
				bytes += sizeOf(answer.value);
				if (await front.set(key, answer.value, answer)) taken += 1;
			}
		}
		return taken;
	}

	/** Notes what was used most, if it is time; at the end of a process it is. */
	async report(isEnd = false): Promise<void> {
		const now = this.parts.clock.now();
		const top = this.#usage.top(MAX_KEYS);
		if (top.length === 0 || (!isEnd && now - this.#reportedAt < REPORT_EVERY_MS)) return;
		this.#reportedAt = now;
		this.#usage.fade();
		await this.parts.shared.sure(async (store) => await store.append(LIST, Buffer.from(JSON.stringify(top)), KEPT));
	}
}

/** Of all reports together, most first. What cannot be read is left out. */
function mostUsed(reports: readonly Buffer[]): string[] {
	const usage = new Usage();
	for (const report of reports) for (const [key, count] of parse(report)) usage.count(key, count);
	return usage.top(MAX_KEYS).map(([key]) => key);
}

function parse(report: Buffer): Array<readonly [string, number]> {
	if (report.length > MAX_REPORT_BYTES) return [];
	try {
		const entries: unknown = JSON.parse(report.toString('utf8'));
		return Array.isArray(entries) ? entries.slice(0, MAX_KEYS).filter(isEntry) : [];
	} catch {
		return [];
	}
}

function isEntry(entry: unknown): entry is readonly [string, number] {
	if (!Array.isArray(entry)) return false;
	const [key, count] = entry as unknown[];
	return typeof key === 'string' && key.length <= 100 && typeof count === 'number' && count > 0 && Number.isFinite(count);
}
