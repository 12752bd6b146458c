import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { isOver, type ProviderBatch } from '../../lib/ai';
import { runOrdered } from '../../lib/batch/run';
import { BatchError } from '../../lib/core/errors';
import { errorItem, toNodeError } from '../../lib/n8n/errors';
import { addHint } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { cancelSignal } from '../../lib/n8n/signal';
import { openStore } from '../../lib/n8n/store';
import type { Runtime } from '../../lib/runtime';
import { accessOpener, type ProviderAccess } from './access';
import { withImages } from './images';
import { toItem } from './items';
import { BatchClient } from './operations/batch-client';
import { collect, type Collected } from './operations/batch-collect';
import { toManifest, type ManifestEntry } from './operations/batch-manifest';
import { cachedOnly, draft, prepare, submit, type Draft, type Prepared, type Submitted } from './operations/batch-submit';
import type { Place } from './operations/chat';
import { readConcurrency, readStore } from './parameters';
import { batchReader, submitReader, type BatchOperation, type BatchParameters } from './parameters-batch';
import { promptFiller } from './prompts';
import { Summary } from './summary';

export async function batchItems(context: IExecuteFunctions, runtime: Runtime, operation: BatchOperation): Promise<INodeExecutionData[][]> {
	const summary = new Summary();
	const shared = await openStore(context, runtime, readStore(context));
	const place: Place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id, nodeName: context.getNode().name, warn: summary.warn, shared };
	const output = operation === 'submitBatch' ? await submitItems(context, runtime, place) : await followItems(context, runtime, place, summary, operation);
	summary.show(context);
	return output;
}

/** All items together: what comes out is an item per batch. */
async function submitItems(context: IExecuteFunctions, runtime: Runtime, place: Place): Promise<INodeExecutionData[][]> {
	const read = submitReader(context, await promptFiller(context, runtime));
	const open = accessOpener(context);
	const node = context.getNode();
	const signal = cancelSignal(context);
	const stopOnFailure = !context.continueOnFail();
	const inputs = context.getInputData();
	const looked = await runOrdered(inputs, { concurrency: readConcurrency(context), signal, stopOnFailure }, async (_input, item) => {
		const parameters = read(item);
		const { request } = await withImages(context, item, parameters);
		return await prepare(runtime, await open(parameters.provider, parameters.baseUrl), { ...parameters, request }, place, item);
	});
	const failures: INodeExecutionData[] = [];
	const fail = (error: unknown, item: number) => {
		if (stopOnFailure) throw toNodeError(node, error, item);
		failures.push({ ...errorItem(toNodeError(node, error, item)), pairedItem: { item } });
	};
	const prepared = looked.flatMap((result, item): Prepared[] => {
		if (result.status === 'ok') return [result.value];
		// Those that were stopped by another's failure have nothing to tell.
		if (result.status === 'failed') fail(result.error, item);
		else if (signal.aborted) fail(undefined, item);
		return [];
	});
	const run = JSON.stringify([context.getExecutionId(), place.nodeId, context.getWorkflowDataProxy(0).$runIndex]);
	const output: INodeExecutionData[] = [];
	for (const one of draft(prepared)) {
		try {
			output.push(toBatchItem(one, await submit(runtime, one, place, run, signal)));
		} catch (error) {
			for (const { item, answer } of one.items) if (!answer) fail(error, item);
			const rest = cachedOnly(one);
			if (rest.items.length > 0) output.push(toBatchItem(rest, { batch: undefined, resumed: false, estimatedCostUsd: 0 }));
		}
	}
	if (prepared.length > 0) addHint(context, inWords(prepared, output));
	return [[...output, ...failures]];
}

function toBatchItem({ items, manifest }: Draft, { batch, resumed, estimatedCostUsd }: Submitted): INodeExecutionData {
	const [first] = items;
	const status = batch ? statusOf(batch) : { batchId: '', state: 'completed', done: true, counts: { total: 0, completed: 0, failed: 0 } };
	return {
		json: {
			...status,
			provider: first?.access.choice.name ?? '',
			model: first?.parameters.request.model ?? '',
			resumed,
			estimatedCostUsd,
			items: manifest as unknown as IDataObject[],
		},
		pairedItem: items.map(({ item }) => ({ item })),
	};
}

function statusOf({ id, state, counts, createdAt, expiresAt, endedAt, message }: ProviderBatch): IDataObject {
	return {
		batchId: id,
		state,
		done: isOver(state),
		counts: { ...counts },
		createdAt,
		expiresAt,
		endedAt,
		...(message === '' ? {} : { message }),
	};
}

function inWords(prepared: readonly Prepared[], output: readonly INodeExecutionData[]): string {
	const cached = prepared.filter(({ answer }) => answer !== undefined).length;
	const batches = output.filter(({ json }) => json.batchId !== '');
	const requests = batches.reduce((sum, { json }) => sum + new Set((json.items as unknown as ManifestEntry[]).flatMap(({ request }) => request ?? [])).size, 0);
	const resumed = batches.filter(({ json }) => json.resumed === true).length;
	const again = resumed > 0 ? `, of which ${resumed} had been submitted before` : '';
	return `${prepared.length} items: ${requests} requests in ${batches.length === 1 ? 'a batch' : `${batches.length} batches`}${again}; ${cached} answered by the cache.`;
}

/** Each input item is a batch. */
async function followItems(
	context: IExecuteFunctions,
	runtime: Runtime,
	place: Place,
	summary: Summary,
	operation: Exclude<BatchOperation, 'submitBatch'>,
): Promise<INodeExecutionData[][]> {
	const read = batchReader(context);
	const open = accessOpener(context);
	const inputs = context.getInputData();
	return await runItems(context, { concurrency: readConcurrency(context) }, async (itemIndex, signal) => {
		const parameters = read(itemIndex);
		const access = await open(parameters.provider, parameters.baseUrl);
		const json = inputs[itemIndex]?.json ?? {};
		// What else Submit Batch said of this batch travels on.
		const known = json.batchId === parameters.batchId ? json : {};
		const manifest = toManifest(known.items);
		if (operation === 'collectBatch') {
			const collection = await collect(runtime, access, parameters, place, manifest, signal);
			if (collection.done) return toResultItems(context, collection.results, parameters, itemIndex, summary);
			if (parameters.ifNotDone === 'error') throw unfinished(collection.batch);
			return { json: { ...known, ...statusOf(collection.batch) } };
		}
		if (parameters.batchId === '' && manifest) return { json: known };
		return { json: { ...known, ...statusOf(await look(runtime, access, parameters, place, operation, signal)) } };
	});
}

async function look(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: BatchParameters,
	place: Place,
	operation: 'getBatch' | 'cancelBatch',
	signal: AbortSignal,
): Promise<ProviderBatch> {
	const client = new BatchClient(runtime, access, parameters, place, signal);
	return operation === 'cancelBatch' ? await client.cancel(parameters.batchId) : (await client.get(parameters.batchId)).batch;
}

function unfinished({ id, state, counts }: ProviderBatch): BatchError {
	return new BatchError(
		`The batch ${id} is not done (${state}, ${counts.completed + counts.failed} of ${counts.total}). Ask for its status first, and wait until done is true; or choose under If Not Done to go on.`,
	);
}

/** Failed requests are error items, or the end of the run; the answers of the others are in the cache by then. */
function toResultItems(
	context: IExecuteFunctions,
	results: readonly Collected[],
	{ includeTrace, batchId }: BatchParameters,
	itemIndex: number,
	summary: Summary,
): INodeExecutionData[] {
	const failed = results.filter((result) => !result.ok);
	const [first] = failed;
	if (first && !first.ok && !context.continueOnFail()) {
		const why = first.error instanceof Error ? first.error.message : String(first.error);
		throw new BatchError(
			`${failed.length} of ${results.length} requests of the batch have no answer. The first of them: ${why}. To get the others, choose another way under On Error in the settings of this node; collecting again costs nothing.`,
			{ cause: first.error },
		);
	}
	return results.map((result) => {
		const about = { item: result.item, ...(result.reference === undefined ? {} : { reference: result.reference as IDataObject }), batchId };
		if (result.ok) {
			summary.count(result.trace);
			const { json } = toItem(result.answer, result.trace, includeTrace);
			return { json: { ...json, ...about } };
		}
		const { json } = errorItem(toNodeError(context.getNode(), result.error, itemIndex));
		return { json: { ...json, details: { ...(json.details as IDataObject | undefined), state: result.state, ...about } } };
	});
}
