import { CancelledError, HttpStatusError, isFastpathError, NetworkError, type FastpathError, type HeaderMap } from '../core/errors';

const RAW = new WeakMap<FastpathError, unknown>();

/**
 * A model's error as circuit and retry read errors; `original` gives the model's own back. One that says nothing of the
 * provider stays as it is: it counts for nothing.
 */
export function failureOf(error: unknown, signal: AbortSignal): unknown {
	const read = isFastpathError(error) ? undefined : translate(error, signal);
	if (!read) return error;
	RAW.set(read, error);
	return read;
}

/** What the model itself threw, which is what its consumers know how to read. */
export function original(error: unknown): unknown {
	return isFastpathError(error) ? (RAW.get(error) ?? error) : error;
}

interface Facts {
	readonly status?: unknown;
	readonly statusCode?: unknown;
	readonly status_code?: unknown;
	readonly code?: unknown;
	readonly name?: unknown;
	readonly headers?: unknown;
	readonly response?: Facts;
	readonly cause?: Facts;
}

function translate(error: unknown, signal: AbortSignal): FastpathError | undefined {
	if (signal.aborted) return new CancelledError({ cause: error });
	const facts = (typeof error === 'object' && error !== null ? error : {}) as Facts;
	const status = [facts.status, facts.statusCode, facts.status_code, facts.response?.status].find((value) => typeof value === 'number');
	if (status !== undefined) return new HttpStatusError({ status, headers: headersOf(facts.headers ?? facts.response?.headers), body: undefined });
	const code = [facts.code, facts.cause?.code].find((value) => typeof value === 'string');
	const unconnected = code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EAI_AGAIN';
	if (code !== undefined && /^(E[A-Z_]+|UND_ERR_\w+)$/.test(code)) {
		return new NetworkError('The model could not be reached', { systemCode: code, unprocessed: unconnected });
	}
	return /timeout|connection/i.test(String(facts.name)) ? new NetworkError('The model did not answer', { unprocessed: false }) : undefined;
}

function headersOf(headers: unknown): HeaderMap {
	if (typeof headers !== 'object' || headers === null) return {};
	const entries = typeof (headers as Headers).entries === 'function' ? [...(headers as Headers).entries()] : Object.entries(headers);
	return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
