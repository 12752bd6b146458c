import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Clock } from '../core/clock';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './sqlite-schema';

export interface SqliteSettings {
	/** Absolute; folders on the way are made. */
	readonly path: string;
	/** Of the file, which never grows beyond it; beside it lies a log of a few megabytes. */
	readonly maxBytes: number;
}

export interface SqliteParts {
	/** Node's own `node:sqlite`, which not every Node.js has; Node.js 22 warns once, when it is loaded, that it is experimental there. */
	readonly sqlite: { readonly DatabaseSync: typeof DatabaseSync };
	readonly clock: Clock;
	/** Told when a broken file was set aside. */
	readonly log?: ((message: string) => void) | undefined;
}

/** SQLite's own waiting stops the whole process, so it is short, and ours goes on where it ends. */
const BUSY_IN_SQLITE_MS = 5;
const BUSY_MS = 200;
const LONGEST_PAUSE_MS = 8;
const PAGE_BYTES = 4096;
/** How many files that were set aside are kept. */
const KEPT_ASIDE = 2;

/** Primary result codes: https://www.sqlite.org/rescode.html */
const BUSY = [5, 6];
const READ_ONLY = 8;
const FULL = 13;
const BROKEN = [11, 26];

/**
 * A database file that is made where it is missing, and again where it is broken: the broken one is set aside. It is opened with the
 * first work, and with the next one after it could not be.
 */
export class SqliteFile {
	readonly #statements = new Map<string, StatementSync>();
	#database: DatabaseSync | undefined;
	#inode: number | undefined;
	#closed = false;
	/** How often it was opened: ids of one opening mean nothing in the next. */
	generation = 0;

	constructor(
		private readonly settings: SqliteSettings,
		private readonly parts: SqliteParts,
	) {}

	get isOpen(): boolean {
		return this.#database !== undefined;
	}

	/** One short piece of work at a time; done again for a while where another process holds the file. */
	async run<T>(work: () => T): Promise<T> {
		const until = this.parts.clock.now() + BUSY_MS;
		for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
			try {
				return this.#attempt(work);
			} catch (error) {
				if (!has(error, ...BUSY) || this.parts.clock.now() >= until) throw error;
			}
			await this.parts.clock.sleep(pauseMs);
		}
	}

	/** The same, as one transaction that no other process sees half of. */
	async transaction<T>(work: () => T): Promise<T> {
		return await this.run(() => inTransaction(this.#opened(), work));
	}

	/** To be used within `run` alone. The texts are few and never hold data: each is prepared once. */
	sql(text: string): StatementSync {
		const database = this.#opened();
		const statement = this.#statements.get(text) ?? database.prepare(text);
		this.#statements.set(text, statement);
		return statement;
	}

	/** Lets go of a file that was deleted or replaced under us; the next work opens what is there now. */
	renewIfReplaced(): void {
		if (this.#database && inodeOf(this.settings.path) !== this.#inode) this.release();
	}

	/** Closes the file until the next work. */
	release(): void {
		this.#statements.clear();
		const database = this.#database;
		this.#database = undefined;
		try {
			database?.close();
		} catch {
			// What cannot be closed is not used any more either.
		}
	}

	dispose(): void {
		this.#closed = true;
		this.release();
	}

	#attempt<T>(work: () => T): T {
		try {
			this.#opened();
			return work();
		} catch (error) {
			if (!has(error, ...BROKEN)) throw error;
			this.#setAside(error);
			this.#opened();
			return work();
		}
	}

	#opened(): DatabaseSync {
		if (this.#closed) throw new Error('The store is closed');
		if (this.#database) return this.#database;
		const { path: file, maxBytes } = this.settings;
		makeOwnFile(file);
		this.#inode = inodeOf(file);
		const database = new this.parts.sqlite.DatabaseSync(file, { timeout: BUSY_IN_SQLITE_MS });
		try {
			prepare(database, maxBytes);
		} catch (error) {
			database.close();
			throw error;
		}
		this.generation += 1;
		this.#database = database;
		return database;
	}

	/** Where another process has done so already, that one's new file is taken. */
	#setAside(error: unknown): void {
		const { path: file } = this.settings;
		this.release();
		if (inodeOf(file) !== this.#inode) return;
		const aside = `${file}.broken-${this.parts.clock.wallNow()}`;
		renameSync(file, aside);
		for (const part of ['-wal', '-shm']) rmSync(file + part, { force: true });
		this.parts.log?.(`The store file ${path.basename(file)} was broken (${textOf(error)}); it is set aside as ${path.basename(aside)}, and a new one is begun`);
		dropOldest(file);
	}
}

/** Whether the store is well but takes nothing new. */
export function isRefusal(error: unknown): boolean {
	return has(error, READ_ONLY, FULL);
}

export function isFull(error: unknown): boolean {
	return has(error, FULL);
}

/** Only its owner may read it; SQLite gives the files beside it the same mode. */
function makeOwnFile(file: string): void {
	mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
	const isThere = statSync(file, { throwIfNoEntry: false });
	if (!isThere) return closeSync(openSync(file, 'a', 0o600));
	try {
		if ((isThere.mode & 0o077) !== 0) chmodSync(file, 0o600);
	} catch {
		// It belongs to somebody else, who answers for who may read it.
	}
}

function prepare(database: DatabaseSync, maxBytes: number): void {
	// In this order: where another process makes the tables just now, its mark comes with them.
	const isNew = numberOf(database, 'SELECT count(*) FROM sqlite_schema') === 0;
	const mark = numberOf(database, 'PRAGMA application_id');
	if (mark !== APPLICATION_ID && !isNew) throw new Error('The file is the database of another program');
	const version = numberOf(database, 'PRAGMA user_version');
	if (mark === APPLICATION_ID && version !== SCHEMA_VERSION) {
		throw new Error(`The file was written by another version of Fastpath (format ${version} instead of ${SCHEMA_VERSION})`);
	}
	database.exec(`
		PRAGMA journal_mode = WAL;
		PRAGMA synchronous = NORMAL;
		PRAGMA wal_autocheckpoint = 256;
		PRAGMA journal_size_limit = 1048576;
		PRAGMA trusted_schema = OFF;
		PRAGMA temp_store = MEMORY;
		PRAGMA max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)};
	`);
	if (isNew) inTransaction(database, () => createTables(database));
	else recount(database);
}

/** Another process may have done so in the meantime. */
function createTables(database: DatabaseSync): void {
	if (numberOf(database, 'PRAGMA application_id') === APPLICATION_ID) return;
	database.exec(`${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION};`);
}

/** The sums are right unless somebody else wrote into the file; an index has all that it takes to know. */
function recount(database: DatabaseSync): void {
	const counted = '(SELECT count(*), coalesce(sum(size), 0) FROM value)';
	if (numberOf(database, `SELECT (entries, bytes) = ${counted} FROM total`) === 1) return;
	inTransaction(database, () => database.exec(`INSERT OR REPLACE INTO total SELECT 1, count(*), coalesce(sum(size), 0) FROM value`));
}

function inTransaction<T>(database: DatabaseSync, work: () => T): T {
	database.exec('BEGIN IMMEDIATE');
	try {
		const value = work();
		database.exec('COMMIT');
		return value;
	} catch (error) {
		if (database.isTransaction) database.exec('ROLLBACK');
		throw error;
	}
}

function dropOldest(file: string): void {
	const start = `${path.basename(file)}.broken-`;
	const folder = path.dirname(file);
	const aside = readdirSync(folder).filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)));
	const newestFirst = aside.sort((a, b) => Number(b.slice(start.length)) - Number(a.slice(start.length)));
	for (const name of newestFirst.slice(KEPT_ASIDE)) rmSync(path.join(folder, name), { force: true });
}

function numberOf(database: DatabaseSync, sql: string): number {
	return Number(Object.values(database.prepare(sql).get() ?? {})[0]);
}

function inodeOf(file: string): number | undefined {
	return statSync(file, { throwIfNoEntry: false })?.ino;
}

/** The upper bits say more than we ask for. */
function has(error: unknown, ...codes: readonly number[]): boolean {
	const { errcode } = (error ?? {}) as { errcode?: unknown };
	return typeof errcode === 'number' && codes.includes(errcode & 0xff);
}

function textOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
