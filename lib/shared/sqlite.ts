import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../core/clock';
import { KEPT_MS, type SharedBackend, type SharedSize, type WindowGrant } from '../core/shared';
import { isFull, isRefusal, SqliteFile, type SqliteParts, type SqliteSettings } from './sqlite-file';
import { SqliteNews } from './sqlite-news';
import { SWEEPS } from './sqlite-schema';

const SWEEP_EVERY_MS = 10_000;
const SWEEP_ON_MS = 100;
/** SQLite works on the thread of everybody: no statement touches more rows than that. */
const ROWS_AT_ONCE = 200;
const VALUES_AT_ONCE = 32;
/** Of a time that lies in the future by more than that, the clock was set back. */
const SET_BACK_MS = 1000;
/** What a row takes beside its key and its bytes, roughly. */
const ROW_BYTES = 100;
/** Of the file: values beyond it make the oldest leave. The rest is for what has no bound of its own, and for gaps. */
const SHARE_OF_VALUES = 0.8;
/** Of the values' share: a larger one is not kept. */
const SHARE_OF_ONE = 1 / 8;
const INSERT = 'INSERT INTO value (key, ends, size, bytes) VALUES (?, ?, ?, ?)';
/** Below the ids of those that make room for others. */
const INSERT_KEPT = `INSERT INTO value (id, key, ends, size, bytes)
	VALUES ((SELECT min(coalesce(min(id), 0), 0) - 1 FROM value), ?, ?, ?, ?)`;
/** Comes after every character that a key may hold. */
const LAST = '\u{10ffff}';

/** One file that the processes of one machine share, and that survives them. */
export class SqliteBackend implements SharedBackend {
	readonly name = 'sqlite';
	readonly #clock: Clock;
	readonly #file: SqliteFile;
	readonly #news: SqliteNews;
	readonly #maxBytes: number;
	#cancelSweep = () => {};
	#disposed = false;

	constructor(settings: SqliteSettings, parts: SqliteParts) {
		this.#clock = parts.clock;
		this.#file = new SqliteFile(settings, parts);
		this.#news = new SqliteNews(this.#file, parts.clock);
		this.#maxBytes = Math.floor(settings.maxBytes * SHARE_OF_VALUES);
	}

	async connect(): Promise<void> {
		this.#scheduleSweep(SWEEP_EVERY_MS);
		await this.probe(false);
	}

	async probe(write: boolean): Promise<void> {
		if (write) await this.#change('UPDATE total SET entries = entries', () => []);
		else await this.size();
	}

	isRefusal(error: unknown): boolean {
		return isRefusal(error);
	}

	reconnect(): void {
		this.#file.release();
	}

	async get(key: string): Promise<Buffer | undefined> {
		return await this.#file.run(() => this.#value(key));
	}

	async getMany(keys: readonly string[]): Promise<Array<Buffer | undefined>> {
		const values: Array<Buffer | undefined> = [];
		for (let start = 0; start < keys.length; start += VALUES_AT_ONCE) {
			if (start > 0) await setImmediate();
			const some = keys.slice(start, start + VALUES_AT_ONCE);
			values.push(...(await this.#file.run(() => some.map((key) => this.#value(key)))));
		}
		return values;
	}

	async set(key: string, value: Buffer, ttlMs: number): Promise<void> {
		const size = Buffer.byteLength(key) + value.length + ROW_BYTES;
		if (size > this.#maxBytes * SHARE_OF_ONE) {
			// What was there before is older than what cannot be kept.
			await this.delete([key]);
			return;
		}
		const write = () => {
			this.#sql('DELETE FROM value WHERE key = ?').run(key);
			this.#sql(ttlMs >= KEPT_MS ? INSERT_KEPT : INSERT).run(key, this.#ends(ttlMs), size, value);
			// Down to what leaves some space, so that not every further value has to make room.
			if (this.#total().bytes > this.#maxBytes) this.#dropOldestTo(this.#maxBytes * 0.95);
		};
		try {
			await this.#file.transaction(write);
		} catch (error) {
			if (!isFull(error)) throw error;
			await this.#file.transaction(() => this.#dropOldestTo(this.#total().bytes * 0.9));
			await this.#file.transaction(write);
		}
	}

	async delete(keys: readonly string[]): Promise<number> {
		let deleted = 0;
		for (let start = 0; start < keys.length; start += ROWS_AT_ONCE) {
			if (start > 0) await setImmediate();
			const some = keys.slice(start, start + ROWS_AT_ONCE);
			deleted += await this.#file.transaction(() => {
				const statement = this.#sql('DELETE FROM value WHERE key = ? RETURNING ends');
				return this.#live(some.flatMap((key) => statement.all(key)));
			});
		}
		return deleted;
	}

	async deleteByPrefix(prefix: string): Promise<number> {
		const sql = 'DELETE FROM value WHERE id IN (SELECT id FROM value WHERE key >= ? AND key < ? LIMIT ?) RETURNING ends';
		for (let deleted = 0; ; await setImmediate()) {
			const rows = await this.#file.run(() => this.#sql(sql).all(prefix, prefix + LAST, ROWS_AT_ONCE));
			deleted += this.#live(rows);
			if (rows.length < ROWS_AT_ONCE) return deleted;
		}
	}

	async scan(prefix: string, limit: number): Promise<string[]> {
		const after = (comparison: '>=' | '>') => `SELECT key FROM value WHERE key ${comparison} ? AND key < ? AND ends > ? ORDER BY key LIMIT ?`;
		const found: string[] = [];
		for (let last: string | undefined; ; await setImmediate()) {
			const wanted = Math.min(ROWS_AT_ONCE, limit - found.length);
			const sql = after(last === undefined ? '>=' : '>');
			const rows = await this.#file.run(() => this.#sql(sql).all(last ?? prefix, prefix + LAST, this.#now(), wanted));
			for (const { key } of rows) found.push(String(key));
			last = found.at(-1);
			if (rows.length < wanted || found.length >= limit) return found;
		}
	}

	/** Kept by triggers, counted again whenever the file is opened; without what has ended and is not yet swept. */
	async size(): Promise<SharedSize> {
		return await this.#file.run(() => {
			const { entries, bytes } = this.#total();
			const ended = this.#sql('SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM value WHERE ends <= ?').get(this.#now());
			return { entries: entries - Number(ended?.entries), bytes: bytes - Number(ended?.bytes) };
		});
	}

	/** A lease that was given in the future is one of before the clock was set back. */
	async acquire(name: string, token: string, ttlMs: number): Promise<boolean> {
		const sql = `INSERT INTO lease VALUES (?1, ?2, ?3, ?4)
			ON CONFLICT DO UPDATE SET token = ?2, since = ?3, ends = ?4 WHERE ends <= ?3 OR since > ?3 + ${SET_BACK_MS}`;
		return (await this.#change(sql, () => [name, token, this.#now(), this.#ends(ttlMs)])) === 1;
	}

	async renew(name: string, token: string, ttlMs: number): Promise<boolean> {
		const sql = 'UPDATE lease SET since = ?3, ends = ?4 WHERE name = ?1 AND token = ?2 AND ends > ?3';
		return (await this.#change(sql, () => [name, token, this.#now(), this.#ends(ttlMs)])) === 1;
	}

	async release(name: string, token: string): Promise<boolean> {
		const sql = 'DELETE FROM lease WHERE name = ? AND token = ? AND ends > ?';
		return (await this.#change(sql, () => [name, token, this.#now()])) === 1;
	}

	async add(name: string, amount: number, ttlMs: number): Promise<number> {
		const sql = `INSERT INTO counter VALUES (?1, ?2, ?4)
			ON CONFLICT DO UPDATE SET sum = iif(ends > ?3, sum, 0) + ?2, ends = iif(ends > ?3, ends, ?4) RETURNING sum`;
		return await this.#file.transaction(() => Number(this.#sql(sql).get(name, amount, this.#now(), this.#ends(ttlMs))?.sum));
	}

	async take(name: string, limit: number, windowMs: number): Promise<WindowGrant> {
		return await this.#file.transaction(() => {
			const now = this.#now();
			// Places of before the clock was set back count as taken now.
			this.#sql('UPDATE place SET at = ?2 WHERE name = ?1 AND at > ?2').run(name, now);
			// The clock tells whole milliseconds: one more makes sure that the window is really over.
			const within = 'SELECT at FROM place WHERE name = ? AND at >= ? ORDER BY at DESC LIMIT 1 OFFSET ?';
			const oldest = this.#sql(within).get(name, now - windowMs, limit - 1);
			if (oldest) return { granted: false, waitMs: Math.min(windowMs, Math.ceil(Number(oldest.at) + windowMs + 1 - now)) };
			this.#sql('INSERT INTO place (name, at, ends) VALUES (?, ?, ?)').run(name, now, this.#ends(windowMs + 1));
			return { granted: true, waitMs: 0 };
		});
	}

	async append(name: string, value: Buffer, { ttlMs, max }: { readonly ttlMs: number; readonly max: number }): Promise<void> {
		await this.#file.transaction(() => {
			this.#sql('UPDATE list SET name = NULL WHERE name = ? AND ends <= ?').run(name, this.#now());
			const sql = `INSERT INTO list (name, ends, entries) VALUES (?1, ?2, 1)
				ON CONFLICT DO UPDATE SET ends = ?2, entries = entries + 1 RETURNING id, entries`;
			const { id, entries } = this.#sql(sql).get(name, this.#ends(ttlMs)) ?? {};
			const list = Number(id);
			this.#sql('INSERT INTO entry (list, bytes) VALUES (?, ?)').run(list, value);
			const excess = Math.min(Number(entries) - max, ROWS_AT_ONCE);
			if (excess <= 0) return;
			this.#sql('DELETE FROM entry WHERE id IN (SELECT id FROM entry WHERE list = ? ORDER BY id LIMIT ?)').run(list, excess);
			this.#sql('UPDATE list SET entries = entries - ? WHERE id = ?').run(excess, list);
		});
	}

	async list(name: string): Promise<Buffer[]> {
		const sql = `SELECT entry.id, bytes FROM entry JOIN list ON entry.list = list.id
			WHERE name = ? AND ends > ? AND entry.id > ? ORDER BY entry.id LIMIT ?`;
		const found: Buffer[] = [];
		for (let last = 0; ; await setImmediate()) {
			const rows = await this.#file.run(() => this.#sql(sql).all(name, this.#now(), last, ROWS_AT_ONCE));
			for (const { bytes } of rows) found.push(toBuffer(bytes));
			last = Number(rows.at(-1)?.id);
			if (rows.length < ROWS_AT_ONCE) return found;
		}
	}

	async publish(channel: string, message: string): Promise<void> {
		await this.#news.publish(channel, message);
	}

	async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
		return await this.#news.subscribe(channel, listener);
	}

	async dispose(): Promise<void> {
		this.#disposed = true;
		this.#cancelSweep();
		this.#news.dispose();
		this.#file.dispose();
	}

	/**
	 * Returns how many rows it changed. What it is given is made when the file is ours: the time of before a wait for
	 * another process is older than what that one has written.
	 */
	async #change(sql: string, parameters: () => Array<string | number>): Promise<number> {
		return await this.#file.transaction(() => Number(this.#sql(sql).run(...parameters()).changes));
	}

	#value(key: string): Buffer | undefined {
		const row = this.#sql('SELECT bytes FROM value WHERE key = ? AND ends > ?').get(key, this.#now());
		return row && toBuffer(row.bytes);
	}

	#total(): { readonly entries: number; readonly bytes: number } {
		const { entries, bytes } = this.#sql('SELECT entries, bytes FROM total').get() ?? {};
		return { entries: Number(entries), bytes: Number(bytes) };
	}

	#dropOldestTo(bytes: number): void {
		const oldest = this.#sql('SELECT id, size FROM value WHERE id > 0 ORDER BY id LIMIT ?').all(ROWS_AT_ONCE);
		const drop = this.#sql('DELETE FROM value WHERE id = ?');
		let excess = this.#total().bytes - bytes;
		for (const { id, size } of oldest) {
			if (excess <= 0) break;
			drop.run(Number(id));
			excess -= Number(size);
		}
	}

	/** Each statement by itself, and on again soon where there was more than it may drop. */
	async #sweep(): Promise<void> {
		let more = false;
		try {
			this.#file.renewIfReplaced();
			for (const sql of SWEEPS) {
				if (!this.#file.isOpen) break;
				more = (await this.#file.run(() => Number(this.#sql(sql).run(this.#now(), ROWS_AT_ONCE).changes))) === ROWS_AT_ONCE || more;
				await setImmediate();
			}
		} catch {
			// What has ended is never read; it goes the next time.
		}
		this.#scheduleSweep(more ? SWEEP_ON_MS : SWEEP_EVERY_MS);
	}

	#scheduleSweep(ms: number): void {
		this.#cancelSweep();
		if (!this.#disposed) this.#cancelSweep = this.#clock.after(ms, () => void this.#sweep());
	}

	#sql(text: string) {
		return this.#file.sql(text);
	}

	#live(rows: ReadonlyArray<{ readonly ends?: unknown }>): number {
		const now = this.#now();
		return rows.filter(({ ends }) => Number(ends) > now).length;
	}

	#now(): number {
		return Math.floor(this.#clock.wallNow());
	}

	#ends(ttlMs: number): number {
		return this.#now() + Math.max(1, Math.ceil(ttlMs));
	}
}

function toBuffer(bytes: unknown): Buffer {
	return bytes instanceof Uint8Array ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.alloc(0);
}
