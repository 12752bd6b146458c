import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { runItems } from '../../lib/n8n/items';
import { openStore } from '../../lib/n8n/store';
import { traceOf } from '../../lib/n8n/trace';
import type { Runtime } from '../../lib/runtime';
import { accessOpener } from './access';
import { wasSaved } from './operations/chat';
import { Embedder, type Embedding } from './operations/embed';
import { explainEmbedding } from './operations/explain';
import { embedReader, readConcurrency, readTextsPerRequest, readStore } from './parameters';
import { Summary } from './summary';
import { warmedItem } from './warm-up';

/** Texts that wait together for the requests that they are to share. */
const MAX_AT_ONCE = 20_000;

export async function embedItems(context: IExecuteFunctions, runtime: Runtime): Promise<INodeExecutionData[][]> {
	const read = embedReader(context);
	const open = accessOpener(context);
	const summary = new Summary();
	const shared = await openStore(context, runtime, readStore(context));
	const place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id, nodeName: context.getNode().name, warn: summary.warn, shared };
	const embedder = new Embedder(runtime, place);
	// As many items at once as the requests under way can hold, or they would never be full.
	const concurrency = Math.min(readConcurrency(context) * readTextsPerRequest(context), MAX_AT_ONCE);
	const output = await runItems(context, { concurrency }, async (itemIndex, signal) => {
		const parameters = read(itemIndex);
		const access = await open(parameters.provider, parameters.baseUrl);
		if (parameters.explain) return { json: { ...(await explainEmbedding(runtime, access, parameters, place)) } };
		const outcome = await embedder.embed(access, parameters, signal);
		if (!outcome.ok) throw outcome.error;
		summary.count(outcome.trace);
		if (parameters.warmUp) return warmedItem(outcome.trace, parameters, true);
		return toItem(outcome.value, outcome.trace, parameters.includeTrace);
	});
	summary.show(context);
	return output;
}

function toItem({ vector, model, inputTokens }: Embedding, trace: CallTrace, includeTrace: boolean): INodeExecutionData {
	const json: IDataObject = { embedding: vector, dimensions: vector.length, model };
	json.usage = inputTokens === null ? null : { inputTokens };
	json.costUsd = trace.costUsd ?? null;
	json.cached = wasSaved(trace);
	if (includeTrace) json._fastpath = traceOf(trace);
	return { json };
}
