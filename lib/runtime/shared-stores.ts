import { createHash } from 'node:crypto';
import { KeyvStore } from '../cache/keyv-store';
import type { Store } from '../cache/store';
import { TieredStore } from '../cache/tiered-store';
import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Random } from '../core/random';
import type { SharedBackend } from '../core/shared';
import { LeaseDeck } from '../flight/lease';
import { GuardedBackend, type SharedStatus } from '../shared/guard';
import { KeyvAdapter } from '../shared/keyv-adapter';
import { RedisBackend } from '../shared/redis';
import type { RedisSettings } from '../shared/redis-client';

/** Where a shared store is, and what its keys begin with. */
export interface SharedStoreSettings {
	readonly redis: RedisSettings;
	readonly prefix: string;
}

export interface SharedStore {
	readonly store: Store;
	/** What it is made of, behind the guard: it never throws. */
	readonly backend: SharedBackend;
	/** Who asks for what, over all processes. */
	readonly leases: LeaseDeck;
	/** Host and port, for people. */
	readonly label: string;
	readonly status: SharedStatus;
}

interface Held extends SharedStore {
	readonly guard: GuardedBackend;
	usedAt: number;
}

const MAX_STORES = 20;
const IDLE_MS = 30 * 60_000;
/** Beyond the guard's own bound, so that it is the guard that judges. */
const MARGIN_MS = 50;

/** One connection per distinct setting, shared by all nodes; closed when nobody has asked for it for half an hour. */
export class SharedStores {
	readonly #held = new Map<string, Held>();

	constructor(
		private readonly front: Store,
		private readonly clock: Clock,
		private readonly random: Random,
		private readonly log: ((message: string) => void) | undefined,
	) {}

	obtain(settings: SharedStoreSettings): SharedStore {
		// The settings hold a password: only their hash is kept as a name.
		const id = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
		const held = this.#held.get(id) ?? this.#open(id, settings);
		held.usedAt = this.clock.now();
		return held;
	}

	sweep(): void {
		const expired = this.clock.now() - IDLE_MS;
		for (const [id, held] of this.#held) {
			if (held.usedAt > expired) continue;
			this.#held.delete(id);
			void held.guard.dispose();
		}
	}

	async dispose(): Promise<void> {
		const all = [...this.#held.values()];
		this.#held.clear();
		await Promise.all(all.map(async ({ guard }) => await guard.dispose()));
	}

	#open(id: string, { redis, prefix }: SharedStoreSettings): Held {
		if (this.#held.size >= MAX_STORES) throw new LimitExceededError(`More than ${MAX_STORES} shared stores are in use at the same time`);
		const [{ host, port }] = redis.nodes;
		const label = `${host}:${port}`;
		const { clock, log } = this;
		const guard = new GuardedBackend(new RedisBackend(redis, prefix, clock), { label, clock, log, commandTimeoutMs: redis.commandTimeoutMs });
		const behind = new KeyvStore({ clock, adapter: new KeyvAdapter(guard), timeoutMs: redis.commandTimeoutMs + MARGIN_MS });
		const held: Held = {
			store: new TieredStore(`shared ${id}`, this.front, behind),
			label,
			backend: guard,
			leases: new LeaseDeck({ shared: guard, clock, random: this.random }),
			guard,
			usedAt: clock.now(),
			get status() {
				return guard.status;
			},
		};
		this.#held.set(id, held);
		return held;
	}
}

/** Connects, reads and writes once; rejects with what went wrong. */
export async function probeSharedStore({ redis, prefix }: SharedStoreSettings, clock: Clock): Promise<void> {
	const backend = new RedisBackend(redis, prefix, clock);
	try {
		await backend.connect();
		await backend.probe(true);
	} finally {
		await backend.dispose();
	}
}
