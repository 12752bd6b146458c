import { NodeApiError, type IDataObject, type INode, type INodeExecutionData, type JsonObject } from 'n8n-workflow';
import { hasCode, isFastpathError, type FastpathError } from '../../../lib/core/errors';
import { ResponseError } from './operations/status-error';
import { behaviourOf } from './versions';

/** These are known before or after the request; HTTP Request gives their words alone. */
const BESIDE_THE_REQUEST: ReadonlySet<string> = new Set(['ERR_INVALID_OPTION', 'ERR_MALFORMED_ANSWER', 'ERR_CANCELLED']);

type Maker = (error: unknown, itemIndex: number) => INodeExecutionData | undefined;

/**
 * What stands for a failed item under Continue On Fail, in the shape that HTTP Request of this version
 * gives: `error` with message, name, code and status, and `details` beside it.
 */
export function errorItemMaker(node: INode): Maker | undefined {
	const { errorItems } = behaviourOf(node.typeVersion);
	if (errorItems === 'text') return undefined;
	return (error, itemIndex) => {
		if (!isFastpathError(error)) return undefined;
		if (BESIDE_THE_REQUEST.has(error.code)) return { json: { error: error.message } };
		const shown = shownError(error);
		return { json: errorItems === 'detailed' ? { error: shown, details: detailsOf(node, error, itemIndex) } : { error: shown } };
	};
}

function shownError(error: FastpathError): IDataObject {
	if (!(error instanceof ResponseError)) return { message: error.message, name: error.name, code: codeOf(error) };
	const { status } = error;
	return {
		message: status === 429 ? "Try spacing your requests out using the batching settings under 'Options'" : statusMessage(error),
		name: 'AxiosError',
		code: status >= 400 && status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE',
		status,
	};
}

function statusMessage({ status, response, format }: ResponseError): string {
	const text = response.body.toString('utf8');
	return `${status} - ${JSON.stringify(format === 'json' || format === 'text' ? (parsed(text) ?? text) : text)}`;
}

/** n8n finds its own words for a status or a system code. */
function detailsOf(node: INode, error: FastpathError, itemIndex: number): IDataObject {
	const { message, ...rest } = shownError(error);
	const reason: JsonObject = { ...(rest as JsonObject), message: String(message) };
	let body: IDataObject[string] = null;
	if (error instanceof ResponseError) {
		const text = error.response.body.toString('utf8');
		body = (parsed(text) ?? text) as IDataObject[string];
		Object.assign(reason, { statusCode: error.status, error: text });
	}
	const { message: said, description, httpCode, context } = new NodeApiError(node, reason, { itemIndex });
	return { message: said, ...(description ? { description } : {}), httpCode, body, context: context as IDataObject };
}

function codeOf(error: FastpathError): string {
	return hasCode(error, 'ERR_NETWORK') ? (error.systemCode ?? error.code) : error.code;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return undefined;
	}
}
