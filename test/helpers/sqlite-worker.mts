/** One of several processes on one SQLite store: `node sqlite-worker.mts <file> <rounds>`; prints what it got as JSON. */
import { createRequire } from 'node:module';
import * as sqlite from 'node:sqlite';
import type * as SqliteModule from '../../lib/shared/sqlite.ts';
import type * as ClockModule from '../../lib/core/clock.ts';

const require = createRequire(import.meta.url);
const { SqliteBackend } = require('../../dist/lib/shared/sqlite.js') as typeof SqliteModule;
const { systemClock } = require('../../dist/lib/core/clock.js') as typeof ClockModule;

// The store's own timers keep no process alive.
const awake = setInterval(() => {}, 1000);
// Where another one fails, this one must not wait for it for ever.
setTimeout(() => process.exit(1), 60_000).unref();
const [file = '', rounds = '0'] = process.argv.slice(2);
const store = new SqliteBackend({ path: file, maxBytes: 16 * 1_048_576 }, { sqlite, clock: systemClock });
const heard: string[] = [];
/** A machine that is busy with something else may hold a process while that one holds the file. */
async function patiently<T>(command: () => Promise<T>): Promise<T> {
	for (;;) {
		try {
			return await command();
		} catch (error) {
			if (!String(error).includes('locked')) throw error;
		}
	}
}

await patiently(() => store.connect());
await patiently(() => store.subscribe('all', (message) => heard.push(message)));
// All begin together, when each of them listens.
await patiently(() => store.add('ready', 1, 60_000));
while ((await patiently(() => store.add('ready', 0, 60_000))) < 4) await new Promise((resolve) => setTimeout(resolve, 5));

const sums: number[] = [];
let granted = 0;
let overlaps = 0;
for (let round = 0; round < Number(rounds); round += 1) {
	sums.push(await patiently(() => store.add('sum', 1, 60_000)));
	if ((await patiently(() => store.take('window', 100, 60_000))).granted) granted += 1;
	if (await patiently(() => store.acquire('lease', `${process.pid}`, 60_000))) {
		if ((await patiently(() => store.add('inside', 1, 60_000))) !== 1) overlaps += 1;
		await patiently(() => store.add('inside', -1, 60_000));
		await patiently(() => store.release('lease', `${process.pid}`));
	}
	await patiently(() => store.set(`key ${process.pid} ${round}`, Buffer.alloc(2000, round), 60_000));
	await patiently(() => store.append('list', Buffer.from(`${process.pid}`), { ttlMs: 60_000, max: 10_000 }));
}
await patiently(() => store.publish('all', `${process.pid}`));
while (heard.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
await store.dispose();
clearInterval(awake);
console.log(JSON.stringify({ sums, granted, overlaps, heard: heard.length }));
