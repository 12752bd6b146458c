import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type INode,
	type INodeExecutionData,
	type JsonObject,
} from 'n8n-workflow';
import { CancelledError, hasCode, isFastpathError, type ErrorCode, type FastpathError } from '../core/errors';

/** The longest piece of a server's own words that is shown. */
const MAX_DESCRIPTION = 1_000;

/**
 * The one translation of our errors into n8n's: what the origin answered becomes a NodeApiError with its
 * status, everything else a NodeOperationError. The message stays ours; n8n's item index is set.
 */
export function toNodeError(node: INode, error: unknown, itemIndex: number): NodeApiError | NodeOperationError {
	const cause = error ?? new CancelledError();
	if (cause instanceof NodeApiError || cause instanceof NodeOperationError) return cause;
	if (hasCode(cause, 'ERR_HTTP_STATUS')) {
		const description = said(cause.body);
		const facts: JsonObject = { message: cause.message, httpCode: String(cause.status) };
		const translated = new NodeApiError(node, facts, {
			message: cause.message,
			httpCode: String(cause.status),
			itemIndex,
			...(description === undefined ? {} : { description }),
		});
		return restore(translated, cause.message, description);
	}
	const text = cause instanceof Error ? cause.message : String(cause);
	const description = isFastpathError(cause) ? describeCause(cause) : undefined;
	const options = description === undefined ? { itemIndex } : { itemIndex, description };
	const translated = Object.assign(restore(new NodeOperationError(node, text, options), text, description), subExecutionOf(cause));
	if (isFastpathError(cause)) codes.set(translated, cause.code);
	return translated;
}

/** By these n8n links an error to the execution that it comes from. */
function subExecutionOf(cause: unknown): { readonly executionId?: string; readonly workflowId?: string } {
	if (!hasCode(cause, 'ERR_SUB_WORKFLOW') || cause.executionId === undefined || cause.workflowId === undefined) return {};
	return { executionId: cause.executionId, workflowId: cause.workflowId };
}

/** What our errors are called by, where n8n's own has no place for it. */
const codes = new WeakMap<Error, ErrorCode>();

/** n8n puts words of its own in place of messages that hold a system code; ours are already written for people. */
function restore<T extends NodeApiError | NodeOperationError>(error: T, message: string, description?: string): T {
	error.message = message;
	error.description = description;
	return error;
}

function describeCause(error: FastpathError): string | undefined {
	switch (error.code) {
		case 'ERR_CIRCUIT_OPEN':
			return 'No request was sent. The circuit closes by itself as soon as a probe succeeds; its settings are among the options of this node.';
		case 'ERR_LIMIT_EXCEEDED':
			return 'No request was sent. Lower the number of items that run at once, or raise the rate limit or the total timeout.';
		case 'ERR_RESPONSE_TOO_LARGE':
			return 'Raise "Max Response Size" in the options, or ask for less at a time.';
		case 'ERR_BUDGET_EXCEEDED':
			return 'No request was sent. The budget is among the options of this node, under "Budget per Day".';
		case 'ERR_ANSWER_NOT_KEPT':
			return 'Answers above 1 MB are not kept, and the oldest leave a store that is full. Look whether the server has done it; another Batch Key, or Resume switched off, sends it again.';
		case 'ERR_ITEM_REFUSED':
			return hasCode(error, 'ERR_ITEM_REFUSED') ? said(error.answer) : undefined;
		case 'ERR_SUB_WORKFLOW':
			return said((error.cause as { description?: unknown } | undefined)?.description);
		case 'ERR_AUTHENTICATION':
			return hasCode(error, 'ERR_AUTHENTICATION') ? error.advice : undefined;
		default:
			return error.cause instanceof Error && isFastpathError(error.cause) ? error.cause.message : undefined;
	}
}

/** What the origin said, as a text of bounded length. */
function said(body: unknown): string | undefined {
	if (body === undefined || body === null || body === '') return undefined;
	const text = typeof body === 'string' ? body : JSON.stringify(body);
	return text.length > MAX_DESCRIPTION ? `${text.slice(0, MAX_DESCRIPTION)}…` : text;
}

/**
 * The item that stands for a failed one. It has no keys but `error`, `message` and `details`: that is
 * what n8n routes to the error output and completes with the fields of the input item.
 */
export function errorItem(error: Error): INodeExecutionData {
	const details: IDataObject = {};
	if (error instanceof NodeApiError && error.httpCode) details.httpCode = error.httpCode;
	const code = codes.get(error);
	if (code) details.code = code;
	if ('description' in error && typeof error.description === 'string') details.description = error.description;
	const { executionId, workflowId } = error as { executionId?: string; workflowId?: string };
	return {
		json: Object.keys(details).length === 0 ? { error: error.message } : { error: error.message, details },
		...(executionId === undefined || workflowId === undefined ? {} : { metadata: { subExecution: { executionId, workflowId } } }),
	};
}
