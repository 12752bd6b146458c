import type { Clock } from '../core/clock';
import type { Snapshot } from '../core/snapshot';
import { advance, EMPTY_BOOK, readBook, type AlertBook, type AlertEvent, type InsightSettings } from '../insight';
import type { Shelf } from './shelf';

export interface AlertWatchParts {
	readonly clock: Clock;
	readonly snapshot: () => Promise<Snapshot>;
	readonly settings: () => Promise<InsightSettings>;
	readonly shelf: Shelf;
}

/** Events that happened since the last time, oldest first, and how things stand. */
export type AlertListener = (events: readonly AlertEvent[], book: AlertBook) => void;

export interface Following {
	readonly everyMs: number;
	/** Events of that time or before have been told already; without it, those that are known when it begins. */
	readonly since?: number | undefined;
}

const BOOK = 'alerts';

/**
 * The alerts of a process, or of all that share a store. Nobody watches unasked: whoever wants to know brings the book up to date, one
 * process at a time. The book holds the last events, so a listener misses none, whichever process has found it.
 */
export class AlertWatch {
	/** As it was seen last; stands in while the store is out. */
	#book: AlertBook = EMPTY_BOOK;
	#looking: Promise<AlertBook> | undefined;

	constructor(private readonly parts: AlertWatchParts) {}

	/** Judges what is measured now, and gives the book. Those who ask at the same time share one look. */
	async look(): Promise<AlertBook> {
		this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
		return await this.#looking;
	}

	/** Looks now and then, and tells of each event once. Returns what ends it. */
	follow(listener: AlertListener, { everyMs, since }: Following): () => void {
		const { clock } = this.parts;
		let told = since;
		let ended = false;
		let cancel = () => {};
		const look = async () => {
			told ??= (await this.#read()).at;
			const book = await this.look();
			const news = book.recent.filter(({ at }) => at > (told ?? 0));
			told = Math.max(told, book.at);
			if (!ended && news.length > 0) listener(news, book);
		};
		const next = () => {
			if (!ended) cancel = clock.after(everyMs, run);
		};
		// What went wrong once is tried again the next time.
		const run = () => void look().catch(() => undefined).finally(next);
		run();
		return () => {
			ended = true;
			cancel();
		};
	}

	async #look(): Promise<AlertBook> {
		const { shelf, snapshot, settings } = this.parts;
		const done = await shelf.alone(BOOK, async () => {
			const known = await this.#read();
			const { book } = advance(known, await snapshot(), await settings());
			if (book !== known) await shelf.write(BOOK, book);
			return book;
		});
		this.#book = done?.value ?? (await this.#read());
		return this.#book;
	}

	/** The newer one of what is kept and what was seen last. */
	async #read(): Promise<AlertBook> {
		const kept = await this.parts.shelf.read(BOOK);
		const book = kept ? readBook(kept.value) : EMPTY_BOOK;
		return book.at >= this.#book.at ? book : this.#book;
	}
}
