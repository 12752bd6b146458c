import type { Clock } from '../core/clock';

/** How far a batch is. */
export interface Progress {
	readonly items: number;
	readonly ok: number;
	readonly failed: number;
	readonly cancelled: number;
	/** Of `ok`: answered from the journal. */
	readonly resumed: number;
	readonly elapsedMs: number;
	/** Items that ended in this run, apart from resumed and cancelled ones. */
	readonly perSecond: number;
	/** Until all items have ended, at the pace so far; null where nothing has ended yet. */
	readonly leftMs: number | null;
}

/** What a batch is, for those who look at it from outside. */
export interface BatchFacts {
	readonly workflowId: string;
	readonly executionId: string;
	readonly node: string;
}

export interface BatchRecord extends BatchFacts, Progress {
	readonly state: 'running' | 'ended';
	/** Milliseconds since the epoch. */
	readonly startedAt: number;
}

/** Counts the items of one batch as they end. */
export class BatchProgress {
	readonly startedAt: number;
	readonly #since: number;
	#endedAt: number | undefined;
	#ok = 0;
	#failed = 0;
	#cancelled = 0;
	#resumed = 0;

	constructor(
		readonly facts: BatchFacts,
		private readonly items: number,
		private readonly clock: Clock,
	) {
		this.startedAt = clock.wallNow();
		this.#since = clock.now();
	}

	settled(status: 'ok' | 'failed' | 'cancelled'): void {
		if (status === 'ok') this.#ok += 1;
		else if (status === 'failed') this.#failed += 1;
		else this.#cancelled += 1;
	}

	/** An item that will end as ok without a request. */
	resumed(): void {
		this.#resumed += 1;
	}

	/** What has not ended by then never will. */
	end(): void {
		this.#endedAt ??= this.clock.now();
		this.#cancelled = this.items - this.#ok - this.#failed;
	}

	snapshot(): Progress {
		const ended = this.#ok + this.#failed + this.#cancelled;
		const worked = Math.max(0, this.#ok + this.#failed - this.#resumed);
		const elapsedMs = (this.#endedAt ?? this.clock.now()) - this.#since;
		const left = this.items - ended;
		return {
			items: this.items,
			ok: this.#ok,
			failed: this.#failed,
			cancelled: this.#cancelled,
			resumed: this.#resumed,
			elapsedMs: Math.round(elapsedMs),
			perSecond: elapsedMs > 0 ? Math.round((worked / elapsedMs) * 10_000) / 10 : 0,
			leftMs: left === 0 ? 0 : worked === 0 ? null : Math.round((elapsedMs / worked) * left),
		};
	}

	record(): BatchRecord {
		return { ...this.facts, ...this.snapshot(), state: this.#endedAt === undefined ? 'running' : 'ended', startedAt: this.startedAt };
	}
}

const MAX_RUNNING = 200;
const MAX_ENDED = 50;

/** The batches of this process: those that run, and the last ones that have ended. */
export class BatchBook {
	readonly #running = new Set<BatchProgress>();
	readonly #ended: BatchProgress[] = [];

	constructor(private readonly clock: Clock) {}

	/** More batches at once than the book has pages for run unseen. */
	begin(facts: BatchFacts, items: number): BatchProgress {
		const progress = new BatchProgress(facts, items, this.clock);
		if (this.#running.size < MAX_RUNNING) this.#running.add(progress);
		return progress;
	}

	end(progress: BatchProgress): void {
		progress.end();
		if (!this.#running.delete(progress)) return;
		this.#ended.push(progress);
		if (this.#ended.length > MAX_ENDED) this.#ended.shift();
	}

	/** Running ones first, each group with the latest first. */
	list(): BatchRecord[] {
		return [[...this.#running].reverse(), [...this.#ended].reverse()].flat().map((progress) => progress.record());
	}
}
