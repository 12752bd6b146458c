import { estimateInputTokens, isOver, splitBatch, toCustomId, usageOf, type AiAnswer, type ProviderBatch } from '../../../lib/ai';
import { cacheKey } from '../../../lib/cache/key';
import { hasCode, InvalidOptionError } from '../../../lib/core/errors';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { SubmitParameters } from '../parameters-batch';
import { BatchClient } from './batch-client';
import { BatchJournal, ownerOf, type ManifestEntry } from './batch-manifest';
import { plan, type Place } from './chat';
import { pay, priceCall } from './pay';

/** An item, read and looked up. */
export interface Prepared {
	readonly item: number;
	readonly access: ProviderAccess;
	readonly parameters: SubmitParameters;
	readonly key: string;
	/** The body of a single call, as JSON. */
	readonly json: string;
	readonly bytes: number;
	readonly tokens: number;
	/** What the cache has for it. */
	readonly answer: AiAnswer | undefined;
}

/** Requests that go into one batch, and the items that wait for it. */
export interface Draft {
	readonly requests: readonly Prepared[];
	readonly items: readonly Prepared[];
	readonly manifest: readonly ManifestEntry[];
}

export interface Submitted {
	/** Undefined where the cache had everything. */
	readonly batch: ProviderBatch | undefined;
	/** Whether it had been submitted before. */
	readonly resumed: boolean;
	/** What it will cost: the input, and answers as long as Max Tokens allows. Null where the price is not known. */
	readonly estimatedCostUsd: number | null;
}

const ID_LENGTH = 64;
/** The provider's clock from this one's; its times are whole seconds. */
const CLOCKS_DIFFER_MS = 60_000;

/** @throws {InvalidOptionError} where the request is not valid, or too large for any batch */
export async function prepare(runtime: Runtime, access: ProviderAccess, parameters: SubmitParameters, place: Place, item: number): Promise<Prepared> {
	const { request, cache } = parameters;
	const { wire, key, lane } = plan(runtime, access, parameters, place);
	const { entry, limits } = access.choice.wire.batches;
	const json = JSON.stringify(wire.body);
	const bytes = Buffer.byteLength(entry('x'.repeat(ID_LENGTH), json)) + 1;
	if (bytes > limits.maxBytes) throw new InvalidOptionError('Prompt', `a request that fits into a batch of ${limits.maxBytes} bytes`, `${bytes} bytes`);
	const there = cache.mode === 'readWrite' || cache.mode === 'readOnly' ? await lane.look(key) : undefined;
	const stored = there?.status === 'hit' ? await storeOf(runtime, place).get(key) : undefined;
	return { item, access, parameters, key, json, bytes, tokens: estimateInputTokens(request), answer: stored?.value as AiAnswer | undefined };
}

export function storeOf(runtime: Runtime, { shared }: Place) {
	return shared?.store ?? runtime.store;
}

/**
 * Which items make which batch: one model at one provider each, within the provider's bounds and the user's. What the cache has is
 * left out, and the same request stands in them once, unless each is to be answered anew.
 */
export function draft(prepared: readonly Prepared[]): Draft[] {
	const groups = new Map<string, Prepared[]>();
	for (const one of prepared) {
		const { choice, baseUrl, credentialId } = one.access;
		const name = JSON.stringify([choice.name, baseUrl, credentialId, one.parameters.request.model]);
		const group = groups.get(name) ?? [];
		groups.set(name, group);
		group.push(one);
	}
	return [...groups.values()].flatMap(draftOne);
}

function draftOne(group: readonly Prepared[]): Draft[] {
	const [first] = group;
	if (!first) return [];
	const { maxRequests, maxTokens } = first.parameters;
	const { limits } = first.access.choice.wire.batches;
	const nameOf = ({ key, item, parameters }: Prepared) => (parameters.cache.mode === 'off' ? `${key} ${item}` : key);
	const distinct = new Map<string, Prepared>();
	for (const one of group) if (!one.answer && !distinct.has(nameOf(one))) distinct.set(nameOf(one), one);
	const bounds = { maxBytes: limits.maxBytes, maxRequests: Math.min(limits.maxRequests, maxRequests ?? Infinity), maxTokens };
	const batches = splitBatch([...distinct.values()], bounds);
	const places = new Map(batches.flatMap((batch, at) => batch.map((one, request) => [nameOf(one), { at, request }] as const)));
	const drafts = (batches.length > 0 ? batches : [[]]).map((requests) => ({ requests, items: [] as Prepared[], manifest: [] as ManifestEntry[] }));
	let current = 0;
	for (const one of group) {
		const found = one.answer ? undefined : places.get(nameOf(one));
		// An answer from the cache comes out with the item before it.
		current = found ? Math.max(current, found.at) : current;
		const target = drafts[found?.at ?? current];
		target?.items.push(one);
		target?.manifest.push(toEntry(one, found?.request));
	}
	return drafts;
}

function toEntry({ item, parameters: { reference }, answer }: Prepared, request: number | undefined): ManifestEntry {
	return { item, ...(reference === undefined ? {} : { reference }), ...(request === undefined ? {} : { request }), ...(answer ? { answer } : {}) };
}

/** What is left of a draft that could not be sent: what needs no sending. */
export function cachedOnly({ items, manifest }: Draft): Draft {
	return { requests: [], items: items.filter(({ answer }) => answer), manifest: manifest.filter(({ answer }) => answer) };
}

/** Sends one batch, unless the same was sent before and has not been collected yet. `run` names this run of the node. */
export async function submit(runtime: Runtime, { requests, manifest }: Draft, place: Place, run: string, signal: AbortSignal): Promise<Submitted> {
	const [first] = requests;
	if (!first) return { batch: undefined, resumed: false, estimatedCostUsd: 0 };
	const { access, parameters } = first;
	const { cache, request } = parameters;
	const outputTokens = requests.reduce((sum, one) => sum + (one.parameters.request.maxTokens ?? 0), 0);
	const estimate = usageOf({ inputTokens: requests.reduce((sum, { tokens }) => sum + tokens, 0), outputTokens });
	const estimatedCostUsd = priceCall(access, parameters, [request.model], estimate);
	const client = new BatchClient(runtime, access, parameters, place, signal);
	const journal = new BatchJournal(storeOf(runtime, place), access);
	const anew = cache.mode === 'off' || cache.mode === 'refresh';
	const identity = { keys: requests.map(({ key }) => key), run: anew ? run : '' };
	const name = cacheKey({ credential: '', origin: '', partition: '' }, identity).slice(0, 32);
	const present = await resume(client, await journal.submitted(identity), name);
	if (present) {
		await journal.enter(identity, present.id, manifest);
		return { batch: present, resumed: true, estimatedCostUsd };
	}
	await journal.begin(identity, runtime.clock.wallNow());
	const batch = await pay(runtime, access, parameters, place, {
		models: () => [request.model],
		estimate,
		usageOf: () => null,
		send: async () => await client.create(requests.map((one, position) => toRequest(one, position)), request.model, name),
	});
	await journal.enter(identity, batch.id, manifest);
	return { batch, resumed: false, estimatedCostUsd };
}

function toRequest({ access, parameters, key, json }: Prepared, position: number): string {
	const { mode } = parameters.cache;
	const cacheable = mode === 'readWrite' || mode === 'refresh';
	const id = toCustomId({ key, position, json: parameters.request.json !== undefined, cacheable, owner: ownerOf(access) });
	return access.choice.wire.batches.entry(id, json);
}

/** One that is unknown by now, or came to nothing, is no reason not to send again. */
async function resume(client: BatchClient, known: string | number | undefined, name: string): Promise<ProviderBatch | undefined> {
	if (known === undefined) return undefined;
	try {
		const batch = typeof known === 'string' ? (await client.get(known)).batch : await client.find(name, known - CLOCKS_DIFFER_MS);
		return batch && isOver(batch.state) && batch.state !== 'completed' ? undefined : batch;
	} catch (error) {
		if (hasCode(error, 'ERR_HTTP_STATUS') && error.status === 404) return undefined;
		throw error;
	}
}
