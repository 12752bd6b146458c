import type { AiAnswer } from '../../../lib/ai';
import { cacheKey } from '../../../lib/cache/key';
import type { Store } from '../../../lib/cache/store';
import type { ProviderAccess } from '../access';

/** What is to be put out for one item once the batch is done. Travels with the workflow's data. */
export interface ManifestEntry {
	/** The item's index in the submission. */
	readonly item: number;
	/** Given by the user, to come back with the answer. */
	readonly reference?: unknown;
	/** The request in the batch that answers it; of items that ask the same, the first is the one who pays. */
	readonly request?: number;
	/** The answer that the cache had already. */
	readonly answer?: AiAnswer;
}

/** For as long as providers keep the results of a batch. */
const KEEP_MS = 30 * 86_400_000;
const KEEP = { ttlMs: KEEP_MS, keepMs: KEEP_MS };

/**
 * What is known of batches outside of the provider and the workflow's data: in the shared store where there is one, else in the
 * memory of this process. It may be lost: then a batch is collected by its custom ids, and sent anew where it must be sent again.
 */
export class BatchJournal {
	constructor(
		private readonly store: Store,
		private readonly access: ProviderAccess,
	) {}

	/** The batch with these requests that was submitted and not collected yet; or when it began to be, where the end of that is not known. */
	async submitted(requests: BatchIdentity): Promise<string | number | undefined> {
		const found = (await this.store.get(this.#key(requests)))?.value;
		return typeof found === 'string' || typeof found === 'number' ? found : undefined;
	}

	/** Before they are sent: whoever finds only this does not know whether they were. */
	async begin(requests: BatchIdentity, wallNow: number): Promise<void> {
		await this.store.set(this.#key(requests), wallNow, KEEP);
	}

	async enter(requests: BatchIdentity, batchId: string, manifest: readonly ManifestEntry[]): Promise<void> {
		await this.store.set(this.#key(requests), batchId, KEEP);
		await this.store.set(this.#key({ batchId }), manifest, KEEP);
	}

	async manifest(batchId: string): Promise<readonly ManifestEntry[] | undefined> {
		return toManifest((await this.store.get(this.#key({ batchId })))?.value);
	}

	/** From now on the same requests are sent again, should they be wanted again. */
	async collected(keys: readonly string[]): Promise<void> {
		await this.store.delete(this.#key({ keys, run: '' }));
	}

	#key(name: unknown): string {
		const { credentialId, baseUrl } = this.access;
		return cacheKey({ credential: credentialId, origin: new URL(baseUrl).origin, partition: 'provider batch' }, name);
	}
}

/** The cache keys of its requests, in their order. With a `run`, they are sent once in it and again in another. */
export interface BatchIdentity {
	readonly keys: readonly string[];
	readonly run: string;
}

/** Undefined for what no submission has put out. */
export function toManifest(value: unknown): readonly ManifestEntry[] | undefined {
	if (!Array.isArray(value)) return undefined;
	const entries = (value as unknown[]).filter(isEntry);
	return entries.length === value.length ? entries : undefined;
}

function isEntry(value: unknown): value is ManifestEntry {
	if (typeof value !== 'object' || value === null) return false;
	const { item, request, answer } = value as Partial<Record<keyof ManifestEntry, unknown>>;
	return Number.isInteger(item) && (Number.isInteger(request) || (typeof answer === 'object' && answer !== null && 'text' in answer));
}

/** Names who submits, in a custom id: answers are stored only for the same credential at the same server. */
export function ownerOf({ credentialId, baseUrl }: ProviderAccess): string {
	return cacheKey({ credential: credentialId, origin: new URL(baseUrl).origin, partition: 'batch owner' }, baseUrl).slice(0, 8);
}
