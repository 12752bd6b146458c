import type { Clock } from '../core/clock';
import type { SureShared } from '../core/shared';
import type { Rules } from './clearable-store';
import { RuleBook, type Rule } from './rules';

const COUNTER = 'clearings';
const LIST = 'clearings';
const CHANNEL = 'cleared';
const REPAIR = 'clearings repair';
/** Longer than every answer can be kept. */
const FOREVER_MS = 10 * 365 * 86_400_000;
const MAX_RULES = 500;
/** What other processes clear is obeyed after this time at the latest, should its signal get lost. */
const LOOK_EVERY_MS = 2000;
/** A rule that has a number is in the list by then, or its process has died. */
const LOST_AFTER_MS = 10_000;
const RETRY_EVERY_MS = 1000;
const MAX_PENDING = 100;
/** Numbers of this process alone lie between two of the store's. */
const STEP = 1 / 1024;

interface Numbered {
	readonly n: number;
	readonly rule: Rule;
}

/**
 * The rules of a store that other processes use too. They are numbered by a counter in the store and kept in a list there; news of
 * them comes by signal, and should it get lost, by a look at the counter before an answer is read. While the store is out a rule
 * holds in this process alone, and is passed on when the store is back.
 */
export class SharedRules implements Rules {
	readonly book = new RuleBook(MAX_RULES);
	#generation = 0;
	#lookedAt: number | undefined;
	#looking: Promise<void> | undefined;
	#missingSince: number | undefined;
	#pending: Rule[] = [];
	#cancelRetry: (() => void) | undefined;
	#unsubscribe: Promise<() => void> | undefined;

	constructor(
		private readonly shared: SureShared,
		private readonly clock: Clock,
	) {}

	get generation(): number {
		return this.#generation;
	}

	current(): Promise<void> | undefined {
		if (this.clock.now() - (this.#lookedAt ?? -Infinity) < LOOK_EVERY_MS) return undefined;
		this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
		return this.#looking;
	}

	/** Whether the store took it, so that all processes will know. It holds in this process in any case. */
	async issue(rule: Rule): Promise<boolean> {
		if (await this.#tell(rule)) return true;
		this.#addBetween(rule);
		this.#pending = this.#pending.length < MAX_PENDING ? [...this.#pending, rule] : [{ kind: 'all' }];
		this.#retryLater();
		return false;
	}

	dispose(): void {
		this.#pending = [];
		this.#cancelRetry?.();
		void this.#unsubscribe?.then((off) => off());
	}

	async #tell(rule: Rule): Promise<boolean> {
		const known = Math.floor(this.book.highest);
		const told = await this.shared.sure(async (store) => {
			const next = await store.add(COUNTER, 1, FOREVER_MS);
			// A store that has lost its counter goes on where this process saw it.
			const n = next > known ? next : await store.add(COUNTER, known + 1 - next, FOREVER_MS);
			await store.append(LIST, toEntry(n, rule), { ttlMs: FOREVER_MS, max: MAX_RULES });
			await store.publish(CHANNEL, toEntry(n, rule).toString('utf8'));
			return n;
		});
		if (told) this.#learn({ n: told.value, rule });
		return told !== undefined;
	}

	#retryLater(): void {
		this.#cancelRetry ??= this.clock.after(RETRY_EVERY_MS, () => void this.#retry());
	}

	async #retry(): Promise<void> {
		for (const rule of [...this.#pending]) {
			if (!(await this.#tell(rule))) break;
			this.#pending = this.#pending.filter((other) => other !== rule);
		}
		this.#cancelRetry = undefined;
		if (this.#pending.length > 0) this.#retryLater();
	}

	/** What comes in order brings this process up to date; after a gap it looks at once. */
	#learn({ n, rule }: Numbered): void {
		const generation = Math.floor(this.#generation);
		// A number from before this process's last one that says something new: the store has lost its counter.
		if (n <= generation && !this.book.knows(n, rule)) this.#addBetween(rule);
		else this.book.add(n, rule);
		if (n === generation + 1) this.#generation = n;
		else if (n > generation || this.book.highest > this.#generation) this.#lookedAt = -Infinity;
	}

	/** Without a number of the store's. Where none is missing, what comes from now on is newer. */
	#addBetween(rule: Rule): void {
		const isComplete = this.#generation >= this.book.highest;
		this.book.add(this.book.highest + STEP, rule);
		if (isComplete) this.#generation = this.book.highest;
	}

	async #look(): Promise<void> {
		this.#unsubscribe ??= this.shared.subscribe(CHANNEL, (message) => {
			const news = parse(message);
			if (news) this.#learn(news);
		});
		const now = this.clock.now();
		const seen = await this.shared.sure(async (store) => {
			const counted = await store.add(COUNTER, 0, FOREVER_MS);
			return { counted, list: counted === Math.floor(this.#generation) ? undefined : await store.list(LIST) };
		});
		if (!seen) return;
		const { counted, list } = seen.value;
		if (list) this.#take(counted, list.flatMap((entry) => parse(entry.toString('utf8')) ?? []), now);
		if (counted < Math.floor(this.book.highest)) await this.#repair(counted);
		this.#lookedAt = now;
	}

	/** Of numbers that are not in the list, the old ones were pushed out of it, and the latest may be on their way into it. */
	#take(counted: number, list: readonly Numbered[], now: number): void {
		for (const entry of list) this.#learn(entry);
		const lowest = Math.min(...list.map(({ n }) => n));
		if (Number.isFinite(lowest) && lowest - 1 > this.#generation) this.#skipTo(lowest - 1);
		const listed = new Set(list.map(({ n }) => n));
		for (let next = Math.floor(this.#generation) + 1; listed.has(next); next += 1) this.#generation = next;
		if (this.#generation >= counted) this.#missingSince = undefined;
		else if (this.#lookedAt === undefined || this.#isOverdue(now)) this.#skipTo(counted);
	}

	#isOverdue(now: number): boolean {
		this.#missingSince ??= now;
		return now - this.#missingSince >= LOST_AFTER_MS;
	}

	#skipTo(number: number): void {
		this.book.raise(number);
		this.#generation = number;
		this.#missingSince = undefined;
	}

	/** The store has lost counter and list, such as by a restart: one process brings back what it knows. */
	async #repair(counted: number): Promise<void> {
		const highest = Math.floor(this.book.highest);
		await this.shared.sure(async (store) => {
			if (!(await store.acquire(REPAIR, String(this.clock.wallNow()), LOST_AFTER_MS))) return;
			await store.add(COUNTER, highest - counted, FOREVER_MS);
			for (const { number, rule } of this.book.entries()) {
				await store.append(LIST, toEntry(Math.floor(number), rule), { ttlMs: FOREVER_MS, max: MAX_RULES });
			}
		});
	}
}

function toEntry(n: number, rule: Rule): Buffer {
	return Buffer.from(JSON.stringify({ n, rule } satisfies Numbered));
}

const KINDS: ReadonlySet<unknown> = new Set<Rule['kind']>(['all', 'workflow', 'node', 'tag', 'url', 'key']);

function parse(text: string): Numbered | undefined {
	try {
		const { n, rule } = JSON.parse(text) as Partial<Numbered>;
		return typeof n === 'number' && rule && KINDS.has(rule.kind) ? { n, rule } : undefined;
	} catch {
		return undefined;
	}
}
