import type { JournalStore } from '../batch/journal';
import type { Clock } from '../core/clock';
import { MemoryBackend } from '../shared/memory';
import type { SharedStore } from './shared-stores';

const MAX_ENTRIES = 250_000;
const MAX_BYTES = 64 * 1_048_576;

/** Where batches note what they have done: the memory of this process, or a shared store with that memory to step in. */
export class Journals {
	#memory: MemoryBackend | undefined;

	constructor(private readonly clock: Clock) {}

	/** Made by the first batch that keeps a journal. */
	get memory(): JournalStore {
		return (this.#memory ??= new MemoryBackend(this.clock, MAX_ENTRIES, MAX_BYTES));
	}

	/** While the store is out, or does not answer in time, entries go to the memory, and are found there. */
	over(shared: Pick<SharedStore, 'backend' | 'status'>): JournalStore {
		const { backend } = shared;
		const memory = () => this.memory;
		/** The guard hides what goes wrong, and counts it. */
		const insured = async <T>(command: () => Promise<T>, insurance: () => Promise<T>): Promise<T> => {
			const { failures } = shared.status;
			const value = await command();
			if (shared.status.failures !== failures || shared.status.state !== 'up') await insurance();
			return value;
		};
		return {
			set: async (...entry) => await insured(async () => await backend.set(...entry), async () => await memory().set(...entry)),
			append: async (...entry) => await insured(async () => await backend.append(...entry), async () => await memory().append(...entry)),
			getMany: async (keys) => {
				const found = await backend.getMany(keys);
				if (this.#memory === undefined || found.every((value) => value !== undefined)) return found;
				const here = await memory().getMany(keys);
				return found.map((value, index) => value ?? here[index]);
			},
			list: async (name) => [...(this.#memory ? await memory().list(name) : []), ...(await backend.list(name))],
			delete: async (keys) => (await backend.delete(keys)) + (this.#memory ? await memory().delete(keys) : 0),
		};
	}

	sweep(): void {
		this.#memory?.sweep();
	}

	async dispose(): Promise<void> {
		await this.#memory?.dispose();
		this.#memory = undefined;
	}
}
