import type { IDataObject, INode, INodeExecutionData } from 'n8n-workflow';
import { hasCode, isFastpathError, LimitExceededError } from '../../lib/core/errors';
import { errorItem, toNodeError } from '../../lib/n8n/errors';
import { retryAfterMs } from '../../lib/retry/retry-after';

/** The item that stands for a failed one: what n8n's error output takes, with what a later try has to know. */
export function failedItem(
	node: INode,
	error: unknown,
	facts: { readonly itemIndex: number; readonly attempts: number; readonly wallNow: number },
): INodeExecutionData {
	const item = errorItem(toNodeError(node, error, facts.itemIndex));
	const details: IDataObject = { ...(item.json.details as IDataObject | undefined), state: 'failed', attempts: facts.attempts };
	if (isFastpathError(error)) details.code = error.code;
	if (hasCode(error, 'ERR_HTTP_STATUS')) {
		details.status = error.status;
		const wait = retryAfterMs(error.headers, facts.wallNow);
		if (wait !== undefined) details.retryAfterMs = wait;
	}
	return { ...item, json: { ...item.json, details } };
}

export function cancelledItem(why: string): INodeExecutionData {
	return { json: { error: why, details: { state: 'cancelled' } } };
}

export function batchEnded(why: string): LimitExceededError {
	return new LimitExceededError(why);
}
