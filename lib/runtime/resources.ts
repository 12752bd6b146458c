import { hash } from 'node:crypto';
import type { BatchBook } from '../batch/progress';
import type { BreakerPolicy } from '../breaker/policy';
import type { Store } from '../cache/store';
import type { CacheFacts, CircuitFacts, LimiterFacts, PoolFacts, ResourceFacts } from '../core/snapshot';
import type { PooledTransport } from '../http';
import { originIn } from './scope';
import type { SharedStore } from './shared-stores';

/** Any of the limits, under the names that the runtime keeps them. */
type Limits = ReadonlyArray<readonly [name: string, limit: { readonly active?: number; readonly queued: number; readonly limit: number | null }]>;

export interface ResourceParts {
	readonly process: string;
	readonly memory: Store;
	readonly stores: readonly SharedStore[];
	readonly transport: PooledTransport;
	readonly breakers: ReadonlyArray<readonly [string, BreakerPolicy]>;
	readonly limits: Readonly<Record<LimiterFacts['kind'], Limits>>;
	readonly batches: BatchBook;
}

/** Of each kind; the busiest pools, and of the others those used last. */
const MAX_OF_A_KIND = 200;

/** What stands ready in this process. Asks each shared store for its size, and never longer than its guard allows. */
export async function resourcesOf(parts: ResourceParts): Promise<ResourceFacts> {
	const { process, breakers, limits, batches } = parts;
	return {
		caches: [memoryFacts(parts), ...(await Promise.all(parts.stores.map(async (store) => await storeFacts(process, store))))],
		pools: poolFacts(parts),
		circuits: breakers.slice(-MAX_OF_A_KIND).map(([name, breaker]): CircuitFacts => {
			const { origin, state, trips } = breaker;
			// A wary circuit lets calls pass.
			return { process, id: hash('sha256', name).slice(0, 16), origin, state: state === 'wary' ? 'closed' : state, trips };
		}),
		limiters: Object.entries(limits).flatMap(([kind, all]) =>
			all.slice(-MAX_OF_A_KIND).map(([name, { active = 0, queued, limit }]) => ({
				process, origin: originIn(name), kind: kind as LimiterFacts['kind'], active, waiting: queued, limit: limit === Infinity ? null : limit,
			})),
		),
		batches: batches.list().map(({ workflowId, executionId, node, state, startedAt, items, ok, resumed, failed, cancelled, leftMs }) => ({
			process, workflowId, executionId, node, state, startedAt, items, ok, resumed, failed, cancelled, leftMs,
		})),
	};
}

function memoryFacts({ process, memory }: ResourceParts): CacheFacts {
	return { process, name: 'memory', ...memory.stats(), state: 'up' };
}

async function storeFacts(process: string, { label, status, aside }: SharedStore): Promise<CacheFacts> {
	const size = await aside(async (backend) => await backend.size());
	return { process, name: label, entries: null, bytes: null, ...size?.value, maxBytes: null, evictions: 0, expired: 0, state: status.state === 'down' ? 'down' : 'up' };
}

function poolFacts({ process, transport }: ResourceParts): PoolFacts[] {
	return transport.ranking(MAX_OF_A_KIND).map(({ id, origin, open, inFlight, waiting, requests, connectionsOpened, handshakes, prewarmed }) => ({
		process, id, origin, open, inUse: inFlight, queued: waiting, requests, connects: connectionsOpened, handshakes, prewarmed,
	}));
}
