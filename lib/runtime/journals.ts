import type { JournalStore } from '../batch/journal';
import type { Clock } from '../core/clock';
import { MemoryBackend, type MovedEntry } from '../shared/memory';
import type { SharedStore } from './shared-stores';

const MAX_ENTRIES = 250_000;
const MAX_BYTES = 64 * 1_048_576;

/** Where batches note what they have done: the memory of this process, or a shared store with that memory to step in. */
export class Journals {
	/** Made by the first batch that keeps a journal. */
	#own: MemoryBackend | undefined;
	#heir: JournalStore | undefined;

	/** Each command finds out anew whose memory it is for: a batch may be under way while a newer build takes over. */
	readonly memory: JournalStore = {
		set: async (...entry) => await this.#open().set(...entry),
		append: async (...entry) => await this.#open().append(...entry),
		getMany: async (keys) => await this.#open().getMany(keys),
		list: async (name) => await this.#open().list(name),
		delete: async (keys) => await this.#open().delete(keys),
	};

	constructor(private readonly clock: Clock) {}

	/** What a newer build goes on with. */
	contents(): MovedEntry[] {
		return this.#own?.contents() ?? [];
	}

	/** Goes on with what an older build leaves. */
	adopt(moved: readonly MovedEntry[]): void {
		if (moved.length > 0) this.#openOwn().adopt(moved);
	}

	/** From now on, batches that began here note there what they do, so that another try of them in the newer build finds it. */
	leaveTo(heir: JournalStore): void {
		this.#heir = heir;
	}

	/** While the store is out, or does not answer in time, entries go to the memory, and are found there. */
	over(shared: Pick<SharedStore, 'backend' | 'status'>): JournalStore {
		const { backend } = shared;
		const { memory } = this;
		/** The guard hides what goes wrong, and counts it. */
		const insured = async <T>(command: () => Promise<T>, insurance: () => Promise<T>): Promise<T> => {
			const { failures } = shared.status;
			const value = await command();
			if (shared.status.failures !== failures || shared.status.state !== 'up') await insurance();
			return value;
		};
		return {
			set: async (...entry) => await insured(async () => await backend.set(...entry), async () => await memory.set(...entry)),
			append: async (...entry) => await insured(async () => await backend.append(...entry), async () => await memory.append(...entry)),
			getMany: async (keys) => {
				const found = await backend.getMany(keys);
				if (!this.#isOpen || found.every((value) => value !== undefined)) return found;
				const here = await memory.getMany(keys);
				return found.map((value, index) => value ?? here[index]);
			},
			list: async (name) => [...(this.#isOpen ? await memory.list(name) : []), ...(await backend.list(name))],
			delete: async (keys) => (await backend.delete(keys)) + (this.#isOpen ? await memory.delete(keys) : 0),
		};
	}

	sweep(): void {
		this.#own?.sweep();
	}

	async dispose(): Promise<void> {
		await this.#own?.dispose();
		this.#own = undefined;
	}

	get #isOpen(): boolean {
		return (this.#heir ?? this.#own) !== undefined;
	}

	#open(): JournalStore {
		return this.#heir ?? this.#openOwn();
	}

	#openOwn(): MemoryBackend {
		return (this.#own ??= new MemoryBackend(this.clock, MAX_ENTRIES, MAX_BYTES));
	}
}
