import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as sqlite from 'node:sqlite';
import { afterAll } from 'vitest';
import { KeyvStore } from '../../lib/cache/keyv-store.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { TieredStore } from '../../lib/cache/tiered-store.ts';
import { KeyvAdapter } from '../../lib/shared/keyv-adapter.ts';
import { deriveKeys, SealedBackend } from '../../lib/shared/sealed.ts';
import { SqliteBackend } from '../../lib/shared/sqlite.ts';
import type { FakeClock } from '../helpers/fake-clock.mts';
import { storeContract } from './store.suite.mts';

const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-tiers-'));
const keys = deriveKeys({ secret: 'a secret for the contract', earlier: [] });
let round = 0;

function behind(clock: FakeClock): KeyvStore {
	const settings = { path: path.join(folder, `${(round += 1)}.db`), maxBytes: 16 * 1_048_576 };
	return new KeyvStore({ clock, adapter: new KeyvAdapter(new SealedBackend(new SqliteBackend(settings, { sqlite, clock }), keys)) });
}

afterAll(() => rmSync(folder, { recursive: true }));

storeContract('a SQLite file, compressed and encrypted', behind);
storeContract('memory in front of a SQLite file, compressed and encrypted', (clock) => new TieredStore('tiers', new MemoryStore({ clock }), behind(clock)));
