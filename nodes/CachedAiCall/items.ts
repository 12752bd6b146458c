import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { AiAnswer } from '../../lib/ai';
import type { CallTrace } from '../../lib/core/trace';
import { traceOf } from '../../lib/n8n/trace';
import { wasSaved } from './operations/chat';

/** What comes out for an answer, whichever way it came in. */
export function toItem(answer: AiAnswer, trace: CallTrace, includeTrace: boolean): INodeExecutionData {
	const json: IDataObject = { text: answer.text };
	if (answer.json !== undefined) json.data = answer.json as IDataObject;
	json.model = answer.model;
	json.finishReason = answer.finishReason;
	json.usage = answer.usage === null ? null : { ...answer.usage };
	json.costUsd = trace.costUsd ?? null;
	json.cached = wasSaved(trace);
	if (includeTrace) json._fastpath = traceOf(trace);
	return { json };
}
