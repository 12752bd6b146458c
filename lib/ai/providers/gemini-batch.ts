import { batchPath, isoTime, requireBatchId, type BatchFormat, type BatchResult, type BatchState, type ProviderBatch } from '../batch';
import { JSON_HEADERS, type WireRequest } from '../provider';
import { isRecord, listAt, recordAt, textAt } from '../wire';
import { modelPath } from './gemini-model';

/**
 * The requests stand in the batch itself. Answers do too; batches that were made elsewhere may have them in a file.
 * Reference: https://ai.google.dev/api/batch-api
 */
export const batches: BatchFormat = {
	// 20 MB in all, whatever the number; the frame of the list is in it.
	limits: { maxRequests: 50_000, maxBytes: 19_000_000 },
	entry: (id, json) => `{"request":${json},"metadata":{"key":"${id}"}}`,
	create: ({ entries, model, name }) => ({
		method: 'POST',
		path: `/v1beta/${modelPath(model)}:batchGenerateContent`,
		headers: { ...JSON_HEADERS },
		raw: `{"batch":{"displayName":"${name}","inputConfig":{"requests":{"requests":[${entries.join(',')}]}}}}`,
	}),
	list: {
		request: read('/v1beta/batches?pageSize=20'),
		parse: (body) => (listAt(body, 'operations') ?? []).map((batch) => ({ name: textAt(recordAt(batch, 'metadata'), 'displayName'), batch: parse(batch) })),
	},
	get: (batchId) => read(`/v1beta/batches/${batchPath(batchId)}`),
	cancel: (batchId) => ({ ...read(`/v1beta/batches/${batchPath(batchId)}:cancel`), method: 'POST' }),
	parse,
	results(body) {
		const output = outputOf(body);
		const file = textAt(output, 'responsesFile').replace(/^files\//, '');
		return {
			files: file === '' ? [] : [read(`/v1beta/files/${encodeURIComponent(file)}:download?alt=media`)],
			inline: listAt(recordAt(output, 'inlinedResponses'), 'inlinedResponses') ?? [],
		};
	},
	parseResult,
};

function read(path: string): WireRequest {
	return { method: 'GET', path, headers: { accept: 'application/json' } };
}

/** The batch is a long-running operation: what it came to is its `response`, or part of its `metadata`. */
function outputOf(body: unknown): Record<string, unknown> {
	const response = recordAt(body, 'response');
	return Object.keys(response).length > 0 ? response : recordAt(recordAt(body, 'metadata'), 'output');
}

const STATES: Record<string, BatchState> = {
	PENDING: 'queued',
	RUNNING: 'in_progress',
	SUCCEEDED: 'completed',
	FAILED: 'failed',
	CANCELLED: 'cancelled',
	EXPIRED: 'expired',
};

function parse(body: unknown): ProviderBatch {
	const metadata = recordAt(body, 'metadata');
	const stats = recordAt(metadata, 'batchStats');
	// 64-bit numbers are texts in Google's JSON.
	const count = (name: string) => Number(stats[name] ?? 0) || 0;
	const word = textAt(metadata, 'state').replace(/^(BATCH|JOB)_STATE_/, '');
	const error = recordAt(body, 'error');
	return {
		id: requireBatchId(textAt(body, 'name') || textAt(metadata, 'name')),
		state: STATES[word] ?? (Object.keys(error).length > 0 ? 'failed' : isRecord(body) && body.done === true ? 'completed' : 'queued'),
		counts: { total: count('requestCount'), completed: count('successfulRequestCount'), failed: count('failedRequestCount') },
		createdAt: isoTime(metadata.createTime),
		expiresAt: null,
		endedAt: isoTime(metadata.endTime),
		message: textAt(error, 'message'),
	};
}

/** google.rpc.Code as HTTP status. Reference: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const STATUSES: Record<number, number> = { 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501, 14: 503, 16: 401 };
const CANCELLED = 1;

/** In a file the key stands beside the answer, in a list under `metadata`. */
function parseResult(line: unknown): BatchResult | undefined {
	const id = textAt(recordAt(line, 'metadata'), 'key') || textAt(line, 'key');
	if (id === '') return undefined;
	const error = recordAt(line, 'error');
	const { code } = error;
	if (code === CANCELLED) return { id, state: 'cancelled' };
	const answered = isRecord(line) && isRecord(line.response);
	if (answered && Object.keys(error).length === 0) return { id, state: 'completed', body: line.response };
	return { id, state: 'failed', status: (typeof code === 'number' ? STATUSES[code] : undefined) ?? 500, body: { error } };
}
