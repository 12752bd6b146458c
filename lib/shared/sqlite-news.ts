import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock';
import type { SqliteFile } from './sqlite-file';
import { Topics } from './topics';

const LOOK_EVERY_MS = 50;
const AT_ONCE = 200;
const KEPT_MS = 30_000;

/** News by way of a table: who listens looks 20 times a second whether another process has written anything, and then what. */
export class SqliteNews {
	readonly #topics = new Topics();
	readonly #origin = randomUUID();
	#channels = 0;
	#cancel = () => {};
	#generation = 0;
	#version = 0;
	#last = 0;

	constructor(
		private readonly file: SqliteFile,
		private readonly clock: Clock,
	) {}

	async publish(channel: string, message: string): Promise<void> {
		this.#topics.emit(channel, message);
		const ends = this.clock.wallNow() + KEPT_MS;
		await this.file.run(() => this.file.sql('INSERT INTO news (origin, channel, message, ends) VALUES (?, ?, ?, ?)').run(this.#origin, channel, message, ends));
	}

	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		// Whoever listens from now on hears what is written from now on.
		if (this.#channels === 0) await this.file.run(() => this.#begin());
		const { first, remove } = this.#topics.add(channel, listener);
		if (first && (this.#channels += 1) === 1) this.#schedule();
		return () => {
			if (remove() && (this.#channels -= 1) === 0) this.#cancel();
		};
	}

	dispose(): void {
		this.#cancel();
		this.#topics.clear();
	}

	#schedule(): void {
		this.#cancel = this.clock.after(LOOK_EVERY_MS, () => {
			this.#look();
			this.#schedule();
		});
	}

	#look(): void {
		if (!this.file.isOpen) return;
		try {
			if (this.file.generation !== this.#generation) return this.#begin();
			const version = this.#versionNow();
			if (version === this.#version) return;
			const rows = this.file.sql('SELECT id, origin, channel, message FROM news WHERE id > ? ORDER BY id LIMIT ?').all(this.#last, AT_ONCE);
			if (rows.length < AT_ONCE) this.#version = version;
			for (const { id, origin, channel, message } of rows) {
				this.#last = Number(id);
				if (origin !== this.#origin) this.#topics.emit(String(channel), String(message));
			}
		} catch {
			// Looked for again in a moment; who must know looks for itself now and then.
		}
	}

	#begin(): void {
		this.#last = Number(this.file.sql('SELECT coalesce(max(id), 0) AS last FROM news').get()?.last);
		this.#version = this.#versionNow();
		this.#generation = this.file.generation;
	}

	/** Changes with every transaction of another connection; asking costs no look into the file. */
	#versionNow(): number {
		return Number(this.file.sql('PRAGMA data_version').get()?.data_version);
	}
}
