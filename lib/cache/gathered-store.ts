import { nextTick } from 'node:process';
import { isolate } from './isolate';
import type { ManyStore, StoredAnswer } from './store';
import { StoreOver } from './store-over';

/** Of one round trip, so that its answer stays within the bound of a command. */
const MAX_KEYS = 200;

type Found = Promise<StoredAnswer | undefined>;

interface Asked {
	readonly found: Found;
	readonly resolve: (answer: StoredAnswer | undefined | Found) => void;
}

/** Reads that come in one turn of the event loop, such as those of many items, go to the store together. */
export class GatheredStore extends StoreOver {
	#asked = new Map<string, Asked>();

	constructor(protected override readonly inner: ManyStore) {
		super(inner);
	}

	/** Who asks for the same key in the same turn gets the same answer, a copy of its own. */
	override get(key: string): Found {
		const present = this.#asked.get(key);
		if (present) return present.found.then(isolated);
		if (this.#asked.size === 0) nextTick(() => this.#send());
		let resolve: Asked['resolve'] = () => {};
		const found: Found = new Promise((settle) => (resolve = settle));
		this.#asked.set(key, { found, resolve });
		return found;
	}

	#send(): void {
		const asked = [...this.#asked];
		this.#asked = new Map();
		for (let start = 0; start < asked.length; start += MAX_KEYS) this.#sendPart(asked.slice(start, start + MAX_KEYS));
	}

	#sendPart(part: ReadonlyArray<readonly [string, Asked]>): void {
		const [only] = part;
		const found = part.length === 1 && only ? this.inner.get(only[0]).then((answer) => [answer]) : this.inner.getMany(part.map(([key]) => key));
		// Each is given what it gets, and no promise of it, which would take two more turns.
		found.then(
			(answers) => part.forEach(([, { resolve }], index) => resolve(answers[index])),
			(error: unknown) => part.forEach(([, { resolve }]) => resolve(Promise.reject(error))),
		);
	}
}

function isolated(answer: StoredAnswer | undefined): StoredAnswer | undefined {
	return answer && { ...answer, value: isolate(answer.value) };
}
