import type { INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { traceOf } from '../../lib/n8n/trace';
import { wasSaved } from './operations/chat';
import type { CallParameters } from './parameters';

/** For a run that fills the cache and wants no answers: what became of a call. */
export function warmedItem(trace: CallTrace, { cache, includeTrace }: CallParameters, isCacheable: boolean): INodeExecutionData {
	const isStored = trace.cache === 'miss' && isCacheable && cache.mode !== 'readOnly';
	const json = { warmUp: wasSaved(trace) ? 'present' : isStored ? 'stored' : 'notStored', key: trace.key ?? null, costUsd: trace.costUsd ?? null };
	return { json: includeTrace ? { ...json, _fastpath: traceOf(trace) } : json };
}
