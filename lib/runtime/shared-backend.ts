import path from 'node:path';
import type { Clock } from '../core/clock';
import { InvalidOptionError } from '../core/errors';
import type { SharedBackend } from '../core/shared';
import { RedisBackend } from '../shared/redis';
import type { RedisSettings } from '../shared/redis-client';
import { deriveKeys, SealedBackend, type Encryption } from '../shared/sealed';
import { SqliteBackend } from '../shared/sqlite';
import type { SqliteSettings } from '../shared/sqlite-file';

interface AnyStoreSettings {
	/** Answers reach the store in batches, a moment after they came. */
	readonly writeBehind?: boolean | undefined;
}

/** A Redis or Valkey, and what our keys in it begin with. */
export interface RedisStoreSettings extends AnyStoreSettings {
	readonly type: 'redis';
	readonly redis: RedisSettings;
	readonly prefix: string;
}

/** A file for the processes of one machine. */
export interface SqliteStoreSettings extends AnyStoreSettings {
	readonly type: 'sqlite';
	readonly sqlite: SqliteSettings;
}

/** Where a shared store is, and whether what lies there is encrypted. */
export type SharedStoreSettings = (RedisStoreSettings | SqliteStoreSettings) & { readonly encryption?: Encryption | undefined };

export interface OpenedBackend<Backend = SealedBackend> {
	readonly backend: Backend;
	/** For people; no secrets. */
	readonly label: string;
	/** Bound of one command. */
	readonly commandTimeoutMs: number;
}

/** The file answers at once or not at all; this leaves time to wait for other processes. */
const FILE_TIMEOUT_MS = 250;

/** Nothing is connected yet. Throws InvalidOptionError where this Node.js has no SQLite. */
export function openBackend(settings: SharedStoreSettings, clock: Clock, log?: (message: string) => void): OpenedBackend {
	const { backend, ...rest } = openBare(settings, clock, log);
	return { ...rest, backend: new SealedBackend(backend, settings.encryption && deriveKeys(settings.encryption)) };
}

function openBare(settings: SharedStoreSettings, clock: Clock, log?: (message: string) => void): OpenedBackend<SharedBackend> {
	switch (settings.type) {
		case 'redis': {
			const { redis, prefix } = settings;
			const [{ host, port }] = redis.nodes;
			return { backend: new RedisBackend(redis, prefix, clock), label: `${host}:${port}`, commandTimeoutMs: redis.commandTimeoutMs };
		}
		case 'sqlite': {
			const backend = new SqliteBackend(settings.sqlite, { sqlite: loadSqlite(), clock, log });
			return { backend, label: path.basename(settings.sqlite.path), commandTimeoutMs: FILE_TIMEOUT_MS };
		}
	}
}

/** Node's own, loaded with the first store that needs it. It is missing where Node.js was built or started without. */
function loadSqlite(): typeof import('node:sqlite') {
	const sqlite: typeof import('node:sqlite') | undefined = process.getBuiltinModule('node:sqlite');
	if (sqlite) return sqlite;
	throw new InvalidOptionError('Type', 'another one than SQLite File, as this Node.js was built or started without SQLite', process.version);
}
