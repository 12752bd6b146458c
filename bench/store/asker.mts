/** One of two processes with the same questions. Prints a line when it is ready, waits for its input, prints how often it asked the model. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { SharedStoreSettings } from '../../lib/runtime/index.ts';
import { ANSWER, SCOPE } from '../micro/payloads.mts';

interface Started {
	readonly round: number;
	readonly questions: number;
	readonly root: string;
	readonly settings?: SharedStoreSettings;
}

const { round, questions, root, settings } = JSON.parse(process.argv[2] ?? '') as Started;
const { Runtime } = createRequire(path.join(root, 'package.json'))('./dist/lib/runtime/runtime.js') as typeof import('../../lib/runtime/runtime.ts');
const runtime = new Runtime();
const { signal } = new AbortController();
let asked = 0;

const lane = () => runtime.lane({
	source: 'bench', scope: SCOPE, maxConcurrent: 10, attemptTimeoutMs: 30_000, totalTimeoutMs: 60_000, retry: { maxRetries: 0, baseMs: 1, maxMs: 1 },
	cache: { mode: 'readWrite', ttlMs: 600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, isCacheable: () => true, refreshTimeoutMs: 1000 },
	...(settings ? { shared: runtime.sharedStores.obtain(settings) } : {}),
});

async function ask(key: string): Promise<void> {
	const outcome = await lane().run(async () => {
		asked += 1;
		await new Promise((resolve) => setTimeout(resolve, 50));
		return ANSWER;
	}, { signal, key, idempotent: true });
	if (!outcome.ok) throw outcome.error;
}

if (settings) {
	const shared = runtime.sharedStores.obtain(settings);
	while (shared.status.state !== 'up') {
		await shared.store.get('connected');
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
console.log('ready');
await once(process.stdin, 'data');
await Promise.all(Array.from({ length: questions }, async (_question, index) => await ask(`${round} ${index}`)));
console.log(String(asked));
process.exit(0);
