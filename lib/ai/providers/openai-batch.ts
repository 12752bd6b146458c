import { MalformedAnswerError } from '../../core/errors';
import { batchPath, isoTime, requireBatchId, type BatchFormat, type BatchResult, type BatchState, type ProviderBatch } from '../batch';
import { JSON_HEADERS, type WireRequest } from '../provider';
import { countAt, isRecord, listAt, recordAt, textAt } from '../wire';

const ENDPOINT = '/v1/chat/completions';

/**
 * The requests go up as a file of JSON lines; answers and errors come down as two more.
 * Reference: https://platform.openai.com/docs/api-reference/batch
 */
export const batches: BatchFormat = {
	limits: { maxRequests: 50_000, maxBytes: 200_000_000 },
	entry: (id, json) => `{"custom_id":"${id}","method":"POST","url":"${ENDPOINT}","body":${json}}`,
	upload: {
		request: ({ entries, name }) => ({
			method: 'POST',
			path: '/files',
			headers: { accept: 'application/json', 'content-type': `multipart/form-data; boundary=${name}` },
			raw: multipart(name, entries),
		}),
		parse(body) {
			const id = textAt(body, 'id');
			if (id !== '') return id;
			throw new MalformedAnswerError('The AI provider took the file of requests, but did not say under which ID');
		},
	},
	create: ({ fileId, name }) => ({
		method: 'POST',
		path: '/batches',
		headers: { ...JSON_HEADERS },
		body: { input_file_id: fileId, endpoint: ENDPOINT, completion_window: '24h', metadata: { name } },
	}),
	list: {
		request: read('/batches?limit=20'),
		parse: (body) => (listAt(body, 'data') ?? []).map((batch) => ({ name: textAt(recordAt(batch, 'metadata'), 'name'), batch: parse(batch) })),
	},
	get: (batchId) => read(`/batches/${batchPath(batchId)}`),
	cancel: (batchId) => ({ ...read(`/batches/${batchPath(batchId)}/cancel`), method: 'POST' }),
	parse,
	results: (body) => ({
		files: [textAt(body, 'output_file_id'), textAt(body, 'error_file_id')]
			.filter((id) => id !== '')
			.map((id) => read(`/files/${encodeURIComponent(id)}/content`)),
		inline: [],
	}),
	parseResult,
};

function read(path: string): WireRequest {
	return { method: 'GET', path, headers: { accept: 'application/json' } };
}

/** A line break inside a line is escaped in JSON, so nothing in the file can look like the boundary. */
function multipart(boundary: string, entries: readonly string[]): string {
	const part = (head: string, content: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${content}\r\n`;
	return [
		part('name="purpose"', 'batch'),
		part(`name="file"; filename="${boundary}.jsonl"\r\nContent-Type: application/jsonl`, `${entries.join('\n')}\n`),
		`--${boundary}--\r\n`,
	].join('');
}

const STATES: Record<string, BatchState> = {
	validating: 'queued',
	in_progress: 'in_progress',
	finalizing: 'finalizing',
	cancelling: 'finalizing',
	completed: 'completed',
	failed: 'failed',
	expired: 'expired',
	cancelled: 'cancelled',
};

function parse(body: unknown): ProviderBatch {
	const batch = isRecord(body) ? body : {};
	const counts = recordAt(batch, 'request_counts');
	const errors = listAt(recordAt(batch, 'errors'), 'data') ?? [];
	const ended = ['completed_at', 'failed_at', 'expired_at', 'cancelled_at'].map((name) => isoTime(batch[name]));
	return {
		id: requireBatchId(textAt(batch, 'id')),
		state: STATES[textAt(batch, 'status')] ?? 'in_progress',
		counts: { total: countAt(counts, 'total'), completed: countAt(counts, 'completed'), failed: countAt(counts, 'failed') },
		createdAt: isoTime(batch.created_at),
		expiresAt: isoTime(batch.expires_at),
		endedAt: ended.find((time) => time !== null) ?? null,
		message: errors.map((error) => textAt(error, 'message')).filter((text) => text !== '').slice(0, 3).join(' · '),
	};
}

/** `{ custom_id, response: { status_code, body }, error }`; what was never tried has an error and no response. */
function parseResult(line: unknown): BatchResult | undefined {
	const id = textAt(line, 'custom_id');
	if (id === '') return undefined;
	const { status_code: status, body } = recordAt(line, 'response');
	if (typeof status === 'number') return status < 400 ? { id, state: 'completed', body } : { id, state: 'failed', status, body };
	const error = recordAt(line, 'error');
	if (error.code === 'batch_expired') return { id, state: 'expired' };
	if (error.code === 'batch_cancelled') return { id, state: 'cancelled' };
	return { id, state: 'failed', status: 500, body: { error } };
}
