import { createHash } from 'node:crypto';
import { ClearableStore } from '../cache/clearable-store';
import { FrontNews } from '../cache/front-news';
import { GatheredStore } from '../cache/gathered-store';
import { KeyvStore } from '../cache/keyv-store';
import { deleteMatching, type Rule } from '../cache/rules';
import { SharedRules } from '../cache/shared-rules';
import type { Store, WalkableStore } from '../cache/store';
import { StorePart } from '../cache/store-part';
import { TieredStore } from '../cache/tiered-store';
import { WarmUp } from '../cache/warm-up';
import { WriteBehindStore } from '../cache/write-behind-store';
import type { Clock } from '../core/clock';
import { LimitExceededError } from '../core/errors';
import type { Random } from '../core/random';
import type { SharedBackend, SureShared } from '../core/shared';
import { LeaseDeck } from '../flight/lease';
import { GuardedBackend, type SharedStatus } from '../shared/guard';
import { KeyvAdapter } from '../shared/keyv-adapter';
import { foreseeOver, type Foreseen } from './foresee';
import { openBackend, type SharedStoreSettings } from './shared-backend';

/** What a clearing came to. */
export interface Cleared {
	/** Answers that were there and are gone; null where a store cannot tell. */
	readonly removed: number | null;
	/** Whether all processes know. Those that do not will be told as soon as the store is back. */
	readonly told: boolean;
}

export interface SharedStore {
	readonly store: Store;
	/** What it is made of, behind the guard: it never throws. */
	readonly backend: SharedBackend & SureShared;
	/** Who asks for what, over all processes. */
	readonly leases: LeaseDeck;
	/** For people: host and port, or the name of the file. */
	readonly label: string;
	readonly status: SharedStatus;
	/** Entries that were there and could not be read: of somebody else, of another key, or broken. */
	readonly unreadable: number;
	/** Commands that the store is not kept open for; see the guard. */
	readonly aside: GuardedBackend['aside'];
	/** Clears what is kept here, for all processes. */
	clear(rule: Rule): Promise<Cleared>;
	/** What `clear` would take away. */
	foresee(rule: Rule): Promise<Foreseen>;
}

interface Held extends SharedStore {
	readonly guard: GuardedBackend;
	readonly rules: SharedRules;
	/** Only where answers are written behind. */
	readonly queue: WriteBehindStore | undefined;
	readonly warmUp: WarmUp;
	usedAt: number;
}

/** What the keys of answers begin with, as other things are kept in the same store. */
const ANSWERS = 'answers';
const MAX_STORES = 20;
const IDLE_MS = 30 * 60_000;

/** One connection per distinct setting, shared by all nodes; closed when nobody has used it for half an hour. */
export class SharedStores {
	readonly #held = new Map<string, Held>();

	constructor(
		private readonly front: WalkableStore,
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

	/** Those that are open. */
	list(): SharedStore[] {
		return [...this.#held.values()];
	}

	sweep(): void {
		const expired = this.clock.now() - IDLE_MS;
		for (const [id, held] of this.#held) {
			void held.warmUp.report();
			if (Math.max(held.usedAt, held.guard.usedAt) > expired) continue;
			this.#held.delete(id);
			void close(held);
		}
	}

	async dispose(): Promise<void> {
		const all = [...this.#held.values()];
		this.#held.clear();
		await Promise.all(all.map(close));
	}

	#open(id: string, settings: SharedStoreSettings): Held {
		if (this.#held.size >= MAX_STORES) throw new LimitExceededError(`More than ${MAX_STORES} shared stores are in use at the same time`);
		const { clock, log } = this;
		const { backend, label, commandTimeoutMs } = openBackend(settings, clock, log);
		const guard = new GuardedBackend(backend, { label, clock, log, commandTimeoutMs });
		const name = `shared ${id}`;
		const rules = new SharedRules(guard, clock);
		const front = new StorePart(this.front, name);
		// It is the guard that bounds each command, and the first of them by the time for connecting.
		const behind = new KeyvStore({ clock, adapter: new KeyvAdapter(guard), namespace: ANSWERS, timeoutMs: 0 });
		const queue = settings.writeBehind ? new WriteBehindStore(new GatheredStore(behind), { clock }) : undefined;
		const far = queue ?? new GatheredStore(behind);
		const near = new ClearableStore(front, rules);
		const warmUp = new WarmUp({ shared: guard, behind, front: near, clock });
		const held: Held = {
			store: new TieredStore(name, near, new ClearableStore(far, rules), new FrontNews(guard, front), (key) => warmUp.used(key)),
			label,
			backend: guard,
			aside: async (command) => await guard.aside(command),
			leases: new LeaseDeck({ shared: guard, clock, random: this.random, settled: () => queue?.settled() }),
			guard,
			queue,
			warmUp,
			rules,
			usedAt: clock.now(),
			get status() {
				return guard.status;
			},
			get unreadable() {
				return backend.unreadable;
			},
			async clear(rule) {
				const told = await rules.issue(rule);
				await queue?.flush();
				deleteMatching(front, rule);
				if (rule.kind === 'all') return { removed: told ? await guard.deleteByPrefix(`${ANSWERS}:`) : null, told };
				const isOne = rule.kind === 'key' && !rule.pattern.includes('*');
				return { removed: isOne && told ? Number(await behind.delete(rule.pattern)) : null, told };
			},
			async foresee(rule) {
				await queue?.flush();
				return await foreseeOver(front, { guard, store: behind, prefix: `${ANSWERS}:` }, rule);
			},
		};
		this.#held.set(id, held);
		void warmUp.preload();
		return held;
	}
}

async function close({ rules, queue, warmUp, guard }: Held): Promise<void> {
	await warmUp.report(true);
	rules.dispose();
	await queue?.flush();
	await guard.dispose();
}

/** Connects, reads and writes once; rejects with what went wrong. */
export async function probeSharedStore(settings: SharedStoreSettings, clock: Clock): Promise<void> {
	const { backend } = openBackend(settings, clock);
	try {
		await backend.connect();
		await backend.probe(true);
	} finally {
		await backend.dispose();
	}
}
