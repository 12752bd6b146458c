import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { errorReply, jsonReply, streamReply, type OpenAiReply } from '../../lib/ai';
import type { CallTrace } from '../../lib/core/trace';
import { runItems } from '../../lib/n8n/items';
import { openStore } from '../../lib/n8n/store';
import { traceOf } from '../../lib/n8n/trace';
import type { Runtime } from '../../lib/runtime';
import { accessOpener } from './access';
import { wasSaved } from './operations/chat';
import { Embedder } from './operations/embed';
import { answer } from './operations/request';
import { readConcurrency, readStore } from './parameters';
import { repliesAsHttp, requestReader, type RequestParameters } from './parameters-request';
import { Summary } from './summary';

interface Answered {
	readonly parameters: RequestParameters;
	readonly value: unknown;
	readonly trace: CallTrace;
}

/** Requests in the format of OpenAI's API. Where an HTTP response is wanted, a failed request has one too. */
export async function answerRequests(context: IExecuteFunctions, runtime: Runtime): Promise<INodeExecutionData[][]> {
	const read = requestReader(context);
	const open = accessOpener(context);
	const summary = new Summary();
	const shared = await openStore(context, runtime, readStore(context));
	const place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id, nodeName: context.getNode().name, warn: summary.warn, shared };
	const embedder = new Embedder(runtime, place);
	const work = async (itemIndex: number, signal: AbortSignal): Promise<Answered> => {
		const parameters = read(itemIndex);
		const outcome = await answer(runtime, open, embedder, parameters, place, signal);
		if (!outcome.ok) throw outcome.error;
		if (!isExplanation(parameters)) summary.count(outcome.trace);
		return { parameters, value: outcome.value, trace: outcome.trace };
	};
	const output = await runItems(context, { concurrency: readConcurrency(context) }, async (itemIndex, signal) => {
		if (!repliesAsHttp(context, itemIndex)) {
			const { parameters, value, trace } = await work(itemIndex, signal);
			return { json: { ...(value as IDataObject), ...traced(parameters, trace) } };
		}
		try {
			const { parameters, value, trace } = await work(itemIndex, signal);
			return { json: { ...replyOf(parameters, value), cached: wasSaved(trace), costUsd: trace.costUsd ?? null, ...traced(parameters, trace) } };
		} catch (error) {
			if (signal.aborted) throw error;
			return { json: { ...errorReply(error), cached: false, costUsd: null } };
		}
	});
	summary.show(context);
	return output;
}

function isExplanation(parameters: RequestParameters): boolean {
	return parameters.endpoint === 'chat' && parameters.call.explain;
}

function replyOf(parameters: RequestParameters, value: unknown): OpenAiReply {
	return parameters.endpoint === 'chat' && parameters.stream && !isExplanation(parameters) ? streamReply(value, parameters) : jsonReply(value);
}

function traced(parameters: RequestParameters, trace: CallTrace): IDataObject {
	const { includeTrace } = parameters.endpoint === 'embeddings' ? (parameters.texts[0] ?? { includeTrace: false }) : parameters.call;
	return includeTrace ? { _fastpath: traceOf(trace) } : {};
}
