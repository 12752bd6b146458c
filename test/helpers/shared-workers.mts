/** Workers that share a store: each a runtime of its own, as each process of n8n has one, asking a provider over HTTP that counts. */
import { cacheKey } from '../../lib/cache/key.ts';
import { systemClock, type Clock } from '../../lib/core/clock.ts';
import type { CallContext } from '../../lib/core/policy.ts';
import { Runtime, type LaneOptions, type Outcome, type SharedStore, type SharedStoreSettings } from '../../lib/runtime/index.ts';
import { startServer } from './with-server.mts';

export interface Provider {
	readonly url: string;
	/** How often it was asked for each prompt. */
	readonly asked: ReadonlyMap<string, number>;
	close(): Promise<void>;
}

/** Answers `GET /<prompt>` with `answerTo(prompt)`. */
export async function startProvider(): Promise<Provider> {
	const asked = new Map<string, number>();
	const { url, close } = await startServer((request, response) => {
		const prompt = decodeURIComponent(String(request.url).slice(1));
		asked.set(prompt, (asked.get(prompt) ?? 0) + 1);
		response.end(answerTo(prompt));
	});
	return { url, asked, close };
}

export const answerTo = (prompt: string) => `the answer to ${prompt}`;

export interface Worker {
	readonly runtime: Runtime;
	/** What it told its log, in order. */
	readonly log: string[];
	readonly shared: SharedStore;
	ask(prompt: string): Promise<Outcome<string>>;
	/** Under which the answer to a prompt is kept. */
	keyOf(prompt: string): string;
}

export interface WorkerOptions {
	readonly provider: Provider;
	readonly store: { readonly host: string; readonly port: number };
	readonly password?: string;
	readonly commandTimeoutMs?: number;
	readonly clock?: Clock;
}

export function startWorker({ provider, store, password, commandTimeoutMs = 250, clock = systemClock }: WorkerOptions): Worker {
	const log: string[] = [];
	const runtime = new Runtime({ clock, log: (line) => log.push(line) });
	const scope = { credential: 'one', origin: provider.url, partition: 'all' };
	const settings: SharedStoreSettings = {
		type: 'redis',
		prefix: 'chaos',
		redis: { topology: 'single', nodes: [{ host: store.host, port: store.port }], password, connectTimeoutMs: 2000, commandTimeoutMs },
	};
	const lane: Omit<LaneOptions, 'shared'> = {
		source: 'chaos',
		scope,
		cache: {
			mode: 'readWrite', ttlMs: 600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, refreshTimeoutMs: 60_000, isCacheable: () => true,
		},
		retry: { maxRetries: 0, baseMs: 1, maxMs: 1 },
		maxConcurrent: 100,
		attemptTimeoutMs: 60_000,
		totalTimeoutMs: 60_000,
	};
	const obtain = () => runtime.sharedStores.obtain(settings);
	return {
		runtime,
		log,
		get shared() {
			return obtain();
		},
		keyOf: (prompt) => cacheKey(scope, { prompt }),
		async ask(prompt) {
			const key = cacheKey(scope, { prompt });
			const call = async ({ signal }: CallContext) => await (await fetch(`${provider.url}/${encodeURIComponent(prompt)}`, { signal })).text();
			return await runtime.lane({ ...lane, shared: obtain() }).run(call, { signal: new AbortController().signal, key, idempotent: true });
		},
	};
}
