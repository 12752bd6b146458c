import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as sqlite from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KEPT_MS, type SharedBackend } from '../../lib/core/shared.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { SqliteBackend } from '../../lib/shared/sqlite.ts';
import { execute } from '../helpers/child-process.mts';
import { FakeClock } from '../helpers/fake-clock.mts';

const MEGABYTE = 1_048_576;
const HOUR_MS = 3_600_000;

let folder: string;
let file: string;
let clock: FakeClock;
let log: string[];
let opened: SharedBackend[];

beforeEach(() => {
	folder = mkdtempSync(path.join(tmpdir(), 'fastpath-sqlite-'));
	file = path.join(folder, 'store.db');
	clock = new FakeClock();
	log = [];
	opened = [];
});

afterEach(async () => {
	for (const backend of opened) await backend.dispose();
	rmSync(folder, { recursive: true, force: true });
});

function open(maxBytes = 16 * MEGABYTE, at = file): SqliteBackend {
	const backend = new SqliteBackend({ path: at, maxBytes }, { sqlite, clock, log: (line) => log.push(line) });
	opened.push(backend);
	return backend;
}

function guard(backend: SharedBackend): GuardedBackend {
	const guarded = new GuardedBackend(backend, { label: 'store.db', clock, log: (line) => log.push(line) });
	opened.push(guarded);
	return guarded;
}

/** Waits for what waits for the clock. */
async function turning<T>(promise: Promise<T>): Promise<T> {
	let ended = false;
	void promise.finally(() => (ended = true)).catch(() => {});
	while (!ended) await clock.advance(5);
	return await promise;
}

const text = async (backend: SharedBackend, key: string) => (await backend.get(key))?.toString();

describe('a SQLite store', () => {
	test('keeps what it was given for the next process, in a file that only its owner may read', async () => {
		const deep = path.join(folder, 'a', 'b', 'store.db');
		const first = open(undefined, deep);
		await first.set('key', Buffer.from('kept'), HOUR_MS);
		expect(readdirSync(path.dirname(deep)).map((name) => statSync(path.join(path.dirname(deep), name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
		await first.dispose();
		expect(await text(open(undefined, deep), 'key')).toBe('kept');
	});

	test('takes the reading rights of others from a file that has them', async () => {
		await open().probe(true);
		await opened[0]?.dispose();
		chmodSync(file, 0o644);
		await open().probe(true);
		expect(statSync(file).mode & 0o777).toBe(0o600);
	});

	test('loses and doubles nothing when four processes work in one file', async () => {
		const worker = path.resolve(import.meta.dirname, '../helpers/sqlite-worker.mts');
		const outputs = await Promise.all(Array.from({ length: 4 }, async () => await execute(process.execPath, [worker, file, '60'], folder)));
		const seen = outputs.map((output) => JSON.parse(output) as { sums: number[]; granted: number; overlaps: number; heard: number });
		expect(seen.flatMap(({ sums }) => sums).sort((a, b) => a - b)).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));
		expect(seen.reduce((sum, { granted }) => sum + granted, 0)).toBe(100);
		expect(seen.map(({ overlaps, heard }) => [overlaps, heard])).toEqual(Array.from({ length: 4 }, () => [0, 4]));
		const raw = new sqlite.DatabaseSync(file);
		expect(raw.prepare('SELECT (SELECT count(*) FROM value) AS counted, (SELECT entries FROM total) AS told, (SELECT count(*) FROM entry) AS listed').get()).toEqual({ counted: 240, told: 240, listed: 240 });
		raw.close();
	});

	test('never grows beyond its size: the oldest values leave, one that is too large is not kept', async () => {
		const store = open(4 * MEGABYTE);
		for (let index = 0; index < 100; index += 1) {
			await store.set(`key ${index}`, Buffer.alloc(100_000, index), HOUR_MS);
			expect((await store.size()).bytes).toBeLessThanOrEqual(3.2 * MEGABYTE);
		}
		expect([await store.get('key 0'), (await store.get('key 99'))?.length]).toEqual([undefined, 100_000]);
		await store.set('key 99', Buffer.alloc(MEGABYTE), HOUR_MS);
		expect(await store.get('key 99')).toBeUndefined();
		await store.dispose();
		expect(statSync(file).size).toBeLessThanOrEqual(4 * MEGABYTE);
	});

	test('what is to be kept does not leave for others, is read back after a restart, and can be deleted', async () => {
		const store = open(4 * MEGABYTE);
		for (let index = 0; index < 10; index += 1) await store.set(`kept ${index}`, Buffer.alloc(50_000, index), KEPT_MS);
		await store.set('kept 3', Buffer.alloc(50_000, 33), KEPT_MS);
		for (let index = 0; index < 100; index += 1) await store.set(`key ${index}`, Buffer.alloc(100_000, index), HOUR_MS);
		expect((await store.size()).bytes).toBeLessThanOrEqual(3.2 * MEGABYTE);
		await store.dispose();
		const again = open(4 * MEGABYTE);
		expect((await again.scan('kept ', 100)).length).toBe(10);
		expect([(await again.get('kept 3'))?.[0], (await again.get('kept 0'))?.[0], (await again.get('key 99'))?.[0], await again.get('key 0')]).toEqual([33, 0, 99, undefined]);
		await again.set('kept 4', Buffer.alloc(50_000), HOUR_MS);
		expect([await again.delete(['kept 0']), await again.get('kept 0'), (await again.scan('kept ', 100)).length]).toEqual([1, undefined, 9]);
		await again.dispose();
	});

	test('makes room for values where lists have filled it, and refuses more lists', async () => {
		const store = open(4 * MEGABYTE);
		for (let index = 0; index < 20; index += 1) await store.set(`key ${index}`, Buffer.alloc(100_000), HOUR_MS);
		const fill = async () => {
			for (;;) await store.append('list', Buffer.alloc(100_000), { ttlMs: HOUR_MS, max: 1000 });
		};
		const refusal: unknown = await fill().catch((error: unknown) => error);
		expect(store.isRefusal(refusal)).toBe(true);
		await store.set('new', Buffer.alloc(100_000, 1), HOUR_MS);
		expect([(await store.get('new'))?.length, await store.get('key 0')]).toEqual([100_000, undefined]);
	});

	test('drops what has ended, without being asked for it', async () => {
		const store = open();
		await store.connect();
		for (let index = 0; index < 500; index += 1) await store.set(`key ${index}`, Buffer.from('x'), 1000);
		await store.append('list', Buffer.from('x'), { ttlMs: 1000, max: 5 });
		const raw = new sqlite.DatabaseSync(file);
		const rows = () => raw.prepare('SELECT (SELECT count(*) FROM value) + (SELECT count(*) FROM list) + (SELECT count(*) FROM entry) AS rows').get()?.rows;
		expect(rows()).toBe(502);
		await clock.advance(1000);
		expect([await store.size(), rows()]).toEqual([{ entries: 0, bytes: 0 }, 502]);
		for (let step = 0; step < 300 && rows() !== 0; step += 1) await clock.advance(100);
		expect(rows()).toBe(0);
		raw.close();
	});

	test('counts again what somebody else has made wrong', async () => {
		const store = open();
		await store.set('key', Buffer.alloc(900), HOUR_MS);
		await store.dispose();
		const raw = new sqlite.DatabaseSync(file);
		raw.exec('UPDATE total SET entries = 77, bytes = -1');
		raw.close();
		expect(await open().size()).toEqual({ entries: 1, bytes: 1003 });
	});

	test.each([
		['is no database', () => writeFileSync(file, 'x'.repeat(10_000))],
		['is cut in two', () => truncateSync(file, 9000)],
	])('sets a file aside that %s, says so once, and goes on with a new one', async (_what, harm) => {
		const before = open();
		for (let index = 0; index < 50; index += 1) await before.set(`key ${index}`, Buffer.alloc(3000), HOUR_MS);
		await before.dispose();
		harm();
		const store = open();
		for (let index = 0; index < 50; index += 1) await store.get(`key ${index}`);
		await store.set('key', Buffer.from('new'), HOUR_MS);
		expect(await text(store, 'key')).toBe('new');
		expect(log).toEqual([expect.stringMatching(/^The store file store\.db was broken .* set aside as store\.db\.broken-\d+/)]);
		expect(readdirSync(folder).filter((name) => name.includes('broken'))).toHaveLength(1);
	});

	test('keeps no more than two of the files that were set aside', async () => {
		for (let round = 0; round < 4; round += 1) {
			writeFileSync(file, 'broken');
			const store = open();
			await store.probe(true);
			await store.dispose();
			await clock.advance(10);
		}
		expect(readdirSync(folder).filter((name) => name.includes('broken'))).toHaveLength(2);
	});

	test('leaves the database of another program as it is', async () => {
		const other = new sqlite.DatabaseSync(file);
		other.exec('CREATE TABLE theirs (x)');
		other.close();
		await expect(open().connect()).rejects.toThrow('The file is the database of another program');
		const again = new sqlite.DatabaseSync(file);
		expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'theirs' }]);
		again.close();
	});

	test('finds out that its file was deleted, and begins a new one', async () => {
		const store = open();
		await store.connect();
		await store.set('key', Buffer.from('old'), HOUR_MS);
		for (const name of readdirSync(folder)) rmSync(path.join(folder, name));
		await clock.advance(10_000);
		await store.set('key', Buffer.from('new'), HOUR_MS);
		expect([existsSync(file), await text(open(), 'key')]).toEqual([true, 'new']);
	});

	test('holds no lease and no window for longer where the clock was set back', async () => {
		const store = open();
		await store.acquire('lease', 'before', 5000);
		await store.take('window', 1, 5000);
		await store.dispose();
		clock = new FakeClock(0, clock.wallNow() - HOUR_MS);
		const after = open();
		expect(await after.acquire('lease', 'after', 5000)).toBe(true);
		expect(await after.take('window', 1, 5000)).toEqual({ granted: false, waitMs: 5000 });
	});
});

describe('the guard of a SQLite store', () => {
	test('goes on in memory while another process holds the file, and is back when it lets go', async () => {
		const store = guard(open());
		await store.set('key', Buffer.from('1'), HOUR_MS);
		const other = new sqlite.DatabaseSync(file);
		other.exec('BEGIN IMMEDIATE');
		for (let index = 0; index < 3; index += 1) await turning(store.set('key', Buffer.from('2'), HOUR_MS));
		expect(store.status).toMatchObject({ state: 'down', reason: expect.stringContaining('locked') });
		expect((await turning(store.take('window', 1, 1000))).granted).toBe(true);
		other.exec('ROLLBACK');
		other.close();
		await clock.advance(1500);
		expect(store.status.state).toBe('up');
		expect(await text(store, 'key')).toBe('1');
		expect(log).toHaveLength(2);
	});

	test.each([
		['whose folder cannot be made', () => writeFileSync(path.join(folder, 'x'), ''), () => rmSync(path.join(folder, 'x'))],
		['that is a folder', () => mkdirSync(path.join(folder, 'x', 'store.db'), { recursive: true }), () => rmSync(path.join(folder, 'x'), { recursive: true })],
	])('takes a file %s as a store that does not answer, and finds it when that is mended', async (_what, harm, mend) => {
		harm();
		const store = guard(open(undefined, path.join(folder, 'x', 'store.db')));
		await store.set('key', Buffer.from('1'), HOUR_MS);
		expect([await store.get('key'), store.status.state]).toEqual([undefined, 'down']);
		mend();
		await clock.advance(1500);
		await store.set('key', Buffer.from('2'), HOUR_MS);
		expect(await text(store, 'key')).toBe('2');
		expect(log).toHaveLength(2);
	});

	test('goes on reading from a file that may not be written, and writes when it may', async () => {
		const backend = open();
		const store = guard(backend);
		await store.set('key', Buffer.from('1'), HOUR_MS);
		const { DatabaseSync } = sqlite;
		let readOnly = true;
		// The same as a file system that was mounted anew: whoever runs the tests may write everywhere.
		class Mounted extends DatabaseSync {
			constructor(...given: ConstructorParameters<typeof DatabaseSync>) {
				super(...given);
				if (readOnly) this.exec('PRAGMA query_only = ON');
			}
		}
		const second = new SqliteBackend({ path: file, maxBytes: 16 * MEGABYTE }, { sqlite: { DatabaseSync: Mounted }, clock });
		opened.push(second);
		const guarded = guard(second);
		for (let index = 0; index < 3; index += 1) await guarded.set('key', Buffer.from('2'), HOUR_MS);
		expect([guarded.status.state, await text(guarded, 'key')]).toEqual(['readOnly', '1']);
		readOnly = false;
		second.reconnect();
		await clock.advance(1500);
		await guarded.set('key', Buffer.from('2'), HOUR_MS);
		expect(await text(guarded, 'key')).toBe('2');
		expect(log).toHaveLength(2);
	});
});
