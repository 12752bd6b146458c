import type { BatchFormat, ProviderBatch, WireRequest } from '../../../lib/ai';
import type { Call } from '../../../lib/core/policy';
import type { Lane, Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { CallParameters } from '../parameters';
import type { Place } from './chat';
import { laneOf } from './lane';
import { readFromProvider, sendToProvider, type SendSettings } from './send';

/** A provider's batches in the name of one credential; each request has the attempts, the circuit and the slots of a call. */
export class BatchClient {
	readonly format: BatchFormat;
	readonly #lane: Lane;
	readonly #settings: SendSettings;

	constructor(
		private readonly runtime: Runtime,
		private readonly access: ProviderAccess,
		parameters: CallParameters,
		place: Place,
		private readonly signal: AbortSignal,
	) {
		const { connection, attemptTimeoutMs } = parameters;
		const { choice, baseUrl, credentialId } = access;
		this.format = choice.wire.batches;
		this.#settings = { connection, attemptTimeoutMs };
		this.#lane = runtime.lane(laneOf(credentialId, new URL(baseUrl).origin, parameters, place));
	}

	/** Sends the requests as a new batch. Only that is not repeated after a failure that may have come too late. */
	async create(entries: readonly string[], model: string, name: string): Promise<ProviderBatch> {
		const { upload } = this.format;
		const fileId = upload ? upload.parse(await this.#json(upload.request({ entries, name }), true)) : '';
		return this.format.parse(await this.#json(this.format.create({ entries, fileId, model, name }), false));
	}

	/** The batch of that name that was made at that time (milliseconds since the epoch) or later, as far as the provider tells of names. */
	async find(name: string, since: number): Promise<ProviderBatch | undefined> {
		const { list } = this.format;
		if (!list) return undefined;
		const found = list.parse(await this.#json(list.request, true)).filter((one) => one.name === name && Date.parse(one.batch.createdAt ?? '') >= since);
		return found[0]?.batch;
	}

	async get(batchId: string): Promise<{ readonly batch: ProviderBatch; readonly body: unknown }> {
		const body = await this.#json(this.format.get(batchId), true);
		return { batch: this.format.parse(body), body };
	}

	async cancel(batchId: string): Promise<ProviderBatch> {
		await this.#json(this.format.cancel(batchId), true);
		return (await this.get(batchId)).batch;
	}

	async file(wire: WireRequest): Promise<Buffer> {
		return await this.#run(async (context) => await readFromProvider(this.runtime, this.access, wire, this.#settings, context), true);
	}

	async #json(wire: WireRequest, idempotent: boolean): Promise<unknown> {
		return await this.#run(async (context) => await sendToProvider(this.runtime, this.access, wire, this.#settings, context), idempotent);
	}

	async #run<T>(call: Call<T>, idempotent: boolean): Promise<T> {
		const outcome = await this.#lane.run(call, { signal: this.signal, idempotent });
		if (!outcome.ok) throw outcome.error;
		return outcome.value;
	}
}
