import { nextTick } from 'node:process';
import { isolate } from './isolate';
import type { ManyStore, StoredAnswer } from './store';
import { StoreOver } from './store-over';

/** Of one round trip, so that its answer stays within the bound of a command. */
const MAX_KEYS = 200;

type Found = Promise<StoredAnswer | undefined>;

interface Asked {
	readonly found: Found;
	readonly resolve: (found: Found) => void;
}

/** Reads that come in one turn of the event loop, such as those of many items, go to the store together. */
export class GatheredStore extends StoreOver {
	#asked = new Map<string, Asked>();

	constructor(protected override readonly inner: ManyStore) {
		super(inner);
	}

	/** Who asks for the same key in the same turn gets the same answer, a copy of its own. */
	override async get(key: string): Found {
		const present = this.#asked.get(key);
		if (present) return isolated(await present.found);
		if (this.#asked.size === 0) nextTick(() => this.#send());
		let resolve: Asked['resolve'] = () => {};
		const found: Found = new Promise((settle) => (resolve = settle));
		this.#asked.set(key, { found, resolve });
		return await found;
	}

	#send(): void {
		const asked = [...this.#asked];
		this.#asked = new Map();
		for (let start = 0; start < asked.length; start += MAX_KEYS) this.#sendPart(asked.slice(start, start + MAX_KEYS));
	}

	#sendPart(part: ReadonlyArray<readonly [string, Asked]>): void {
		const [only] = part;
		if (part.length === 1 && only) return only[1].resolve(this.inner.get(only[0]));
		const found = this.inner.getMany(part.map(([key]) => key));
		for (const [index, [, { resolve }]] of part.entries()) resolve(found.then((answers) => answers[index]));
	}
}

function isolated(answer: StoredAnswer | undefined): StoredAnswer | undefined {
	return answer && { ...answer, value: isolate(answer.value) };
}
