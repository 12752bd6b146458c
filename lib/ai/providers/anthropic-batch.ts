import { batchPath, isoTime, requireBatchId, type BatchFormat, type BatchResult, type BatchState, type ProviderBatch } from '../batch';
import { JSON_HEADERS, type WireRequest } from '../provider';
import { countAt, isRecord, recordAt, textAt } from '../wire';
import { statusOf } from './anthropic-errors';

const VERSION = { 'anthropic-version': '2023-06-01' } as const;

/** Reference: https://platform.claude.com/docs/en/api/messages/batches */
export const batches: BatchFormat = {
	// 256 MB in all; the frame of the list is in it.
	limits: { maxRequests: 100_000, maxBytes: 255_000_000 },
	entry: (id, json) => `{"custom_id":"${id}","params":${json}}`,
	create: ({ entries }) => ({
		method: 'POST',
		path: '/v1/messages/batches',
		headers: { ...JSON_HEADERS, ...VERSION },
		raw: `{"requests":[${entries.join(',')}]}`,
	}),
	get: (batchId) => read(`/v1/messages/batches/${batchPath(batchId)}`),
	cancel: (batchId) => ({ ...read(`/v1/messages/batches/${batchPath(batchId)}/cancel`), method: 'POST' }),
	parse,
	results: (body) => ({ files: [read(resultsPath(body))], inline: [] }),
	parseResult,
};

function read(path: string): WireRequest {
	return { method: 'GET', path, headers: { accept: 'application/json', ...VERSION } };
}

/** The key stays with the server that it is for, whatever host `results_url` names: only its path is taken. */
function resultsPath(body: unknown): string {
	const url = textAt(body, 'results_url');
	if (!URL.canParse(url)) return `/v1/messages/batches/${batchPath(textAt(body, 'id'))}/results`;
	const { pathname, search } = new URL(url);
	return pathname + search;
}

function parse(body: unknown): ProviderBatch {
	const batch = isRecord(body) ? body : {};
	const counts = recordAt(batch, 'request_counts');
	const [processing, completed, errored, expired, canceled] = ['processing', 'succeeded', 'errored', 'expired', 'canceled'].map((name) =>
		countAt(counts, name),
	) as [number, number, number, number, number];
	const failed = errored + expired + canceled;
	return {
		id: requireBatchId(textAt(batch, 'id')),
		state: stateOf(textAt(batch, 'processing_status'), { completed, errored, expired, canceled }),
		counts: { total: processing + completed + failed, completed, failed },
		createdAt: isoTime(batch.created_at),
		expiresAt: isoTime(batch.expires_at),
		endedAt: isoTime(batch.ended_at),
		message: '',
	};
}

/** `ended` says nothing of how: a batch of which nothing was answered or tried has expired, or was cancelled. */
function stateOf(status: string, { completed, errored, expired, canceled }: Record<string, number>): BatchState {
	if (status === 'canceling') return 'finalizing';
	if (status !== 'ended') return 'in_progress';
	if (completed || errored) return 'completed';
	return expired ? 'expired' : canceled ? 'cancelled' : 'completed';
}

function parseResult(line: unknown): BatchResult | undefined {
	const id = textAt(line, 'custom_id');
	const result = recordAt(line, 'result');
	if (id === '') return undefined;
	switch (result.type) {
		case 'succeeded':
			return { id, state: 'completed', body: result.message };
		case 'expired':
			return { id, state: 'expired' };
		case 'canceled':
			return { id, state: 'cancelled' };
		default:
			return { id, state: 'failed', status: statusOf(textAt(recordAt(recordAt(result, 'error'), 'error'), 'type')), body: result.error };
	}
}
