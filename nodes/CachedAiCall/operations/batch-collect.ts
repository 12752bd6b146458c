import { fromCustomId, isOver, jsonLines, withJson, type AiAnswer, type BatchEntry, type BatchResult, type ProviderBatch } from '../../../lib/ai';
import { marksOf } from '../../../lib/cache/marks';
import { BatchError, InvalidOptionError } from '../../../lib/core/errors';
import { newTrace, type CallTrace } from '../../../lib/core/trace';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { BatchParameters } from '../parameters-batch';
import { BatchClient } from './batch-client';
import { BatchJournal, ownerOf, type ManifestEntry } from './batch-manifest';
import { isCacheable, requireAnswer, settle, type Place } from './chat';
import { priceCall } from './pay';
import { storeOf } from './batch-submit';

/** One item of the submission, answered or not. */
export type Collected = { readonly item: number; readonly reference?: unknown } & (
	| { readonly ok: true; readonly answer: AiAnswer; readonly trace: CallTrace }
	| { readonly ok: false; readonly state: 'failed' | 'expired' | 'cancelled'; readonly error: unknown }
);

export type Collection =
	| { readonly done: false; readonly batch: ProviderBatch }
	| { readonly done: true; readonly results: readonly Collected[] };

type Answered = { readonly ok: true; readonly answer: AiAnswer } | Extract<Collected, { ok: false }>;

/** Writes to a store under way at once. */
const WRITES = 50;

/** Reads what a batch came to, keeps the answers, and gives them back in the order of the submission. */
export async function collect(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: BatchParameters,
	place: Place,
	given: readonly ManifestEntry[] | undefined,
	signal: AbortSignal,
): Promise<Collection> {
	const { batchId } = parameters;
	if (batchId === '' && !given) throw new InvalidOptionError('Batch ID', 'what Submit Batch put out', batchId);
	if (batchId === '') return { done: true, results: (given ?? []).flatMap((entry) => fromCache(access, parameters, entry)) };
	const client = new BatchClient(runtime, access, parameters, place, signal);
	const journal = new BatchJournal(storeOf(runtime, place), access);
	const { batch, body } = await client.get(batchId);
	if (!isOver(batch.state)) return { done: false, batch };
	const results = await readResults(client, body);
	const answers = toAnswers(access, results);
	await keep(runtime, access, parameters, place, answers);
	await forget(journal, answers);
	const manifest = given ?? (await journal.manifest(batchId)) ?? inOrder(answers);
	if (manifest.length === 0) throw wholeBatch(batch);
	const paid = new Set<number>();
	const collected = manifest.flatMap((entry): Collected[] => {
		const { item, reference, request } = entry;
		if (request === undefined) return fromCache(access, parameters, entry);
		const found = answers.get(request)?.answered ?? missing(batch);
		if (!found.ok) return [{ ...found, item, reference }];
		const shared = paid.has(request);
		paid.add(request);
		return [{ ok: true, item, reference, answer: found.answer, trace: traceOf(access, parameters, found.answer, { batchId, shared }) }];
	});
	return { done: true, results: collected };
}

/** Where nothing else is known: each request by itself. */
function inOrder(answers: ReadonlyMap<number, Placed>): ManifestEntry[] {
	return [...answers.keys()].sort((a, b) => a - b).map((request) => ({ item: request, request }));
}

async function readResults(client: BatchClient, body: unknown): Promise<BatchResult[]> {
	const { files, inline } = client.format.results(body);
	const results: BatchResult[] = [];
	const take = (line: unknown) => {
		const result = client.format.parseResult(line);
		if (result) results.push(result);
	};
	inline.forEach(take);
	for (const wire of files) for (const line of jsonLines(await client.file(wire))) take(line);
	return results;
}

interface Placed {
	readonly entry: BatchEntry;
	readonly answered: Answered;
}

/** By position in the batch. What was not submitted here is left alone. */
function toAnswers(access: ProviderAccess, results: readonly BatchResult[]): Map<number, Placed> {
	const answers = new Map<number, Placed>();
	for (const result of results) {
		const entry = fromCustomId(result.id);
		if (entry) answers.set(entry.position, { entry, answered: toAnswer(access, result, entry) });
	}
	return answers;
}

function toAnswer({ choice }: ProviderAccess, result: BatchResult, entry: BatchEntry): Answered {
	switch (result.state) {
		case 'completed':
			try {
				const answer = choice.wire.parseChat(result.body);
				return { ok: true, answer: requireAnswer(withJson(answer, entry.json ? { json: {} } : {})) };
			} catch (error) {
				return failed('failed', error);
			}
		case 'failed':
			return failed('failed', choice.wire.parseError({ status: result.status, headers: {}, body: result.body }));
		case 'expired':
			return failed('expired', new BatchError('The request expired: the provider did not get to it in time, and charges nothing for it'));
		case 'cancelled':
			return failed('cancelled', new BatchError('The request was cancelled before the provider got to it, and is not charged'));
	}
}

function failed(state: 'failed' | 'expired' | 'cancelled', error: unknown): Answered {
	return { ok: false, item: -1, state, error };
}

/** Of a batch that came to nothing no request has a result of its own. */
function missing(batch: ProviderBatch): Answered {
	const { state } = batch;
	return failed(state === 'expired' || state === 'cancelled' ? state : 'failed', wholeBatch(batch));
}

function wholeBatch({ id, state, message }: ProviderBatch): BatchError {
	const why = message === '' ? '' : `: ${message}`;
	if (state === 'completed') return new BatchError(`The batch ${id} is done, but has no result that was asked for here`);
	return new BatchError(`The batch ${id} ${state === 'failed' ? 'failed' : `is ${state}`}${why}`);
}

/** Only what was asked for with the same credential at the same server may answer later calls. */
async function keep(
	runtime: Runtime,
	access: ProviderAccess,
	{ cache, staleIfErrorMs, staleWhileRevalidateMs }: BatchParameters,
	place: Place,
	answers: ReadonlyMap<number, Placed>,
): Promise<void> {
	if (cache.mode !== 'readWrite' && cache.mode !== 'refresh') return;
	const store = storeOf(runtime, place);
	const owner = ownerOf(access);
	const keepMs = cache.ttlMs + Math.max(staleIfErrorMs, staleWhileRevalidateMs);
	const options = { ttlMs: cache.ttlMs, keepMs, marks: marksOf(place, cache.tags) };
	const kept = [...answers.values()].flatMap(({ entry, answered }) =>
		entry.cacheable && entry.owner === owner && answered.ok && isCacheable(answered.answer) ? [{ key: entry.key, answer: answered.answer }] : [],
	);
	for (let start = 0; start < kept.length; start += WRITES) {
		await Promise.all(kept.slice(start, start + WRITES).map(async ({ key, answer }) => await store.set(key, answer, options)));
	}
}

async function forget(journal: BatchJournal, answers: ReadonlyMap<number, Placed>): Promise<void> {
	const keys = Array.from({ length: answers.size }, (_, position) => answers.get(position)?.entry.key);
	if (keys.every((key) => key !== undefined)) await journal.collected(keys);
}

function fromCache(access: ProviderAccess, parameters: BatchParameters, { item, reference, answer }: ManifestEntry): Collected[] {
	return answer ? [{ ok: true, item, reference, answer, trace: traceOf(access, parameters, answer, {}) }] : [];
}

function traceOf(
	access: ProviderAccess,
	parameters: BatchParameters,
	answer: AiAnswer,
	{ batchId, shared = false }: { batchId?: string; shared?: boolean },
): CallTrace {
	const trace = newTrace();
	trace.cache = batchId === undefined ? 'hit' : 'miss';
	trace.coalesced = shared;
	if (batchId !== undefined) trace.batch = batchId;
	settle(trace, { usd: priceCall(access, parameters, [answer.model], answer.usage), tokens: answer.usage?.totalTokens ?? 0, tookMs: answer.tookMs ?? 0 });
	return trace;
}
