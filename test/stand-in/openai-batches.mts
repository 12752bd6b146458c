import { countOf, fateOf, isDone, jsonLines, tokensOf, toJsonLines, type Batch, type BatchDesk, type BatchEntry } from './batches.mts';
import { header, idOf, jsonBody, objectOf, textOf, type Exchange, type JsonObject, type Reply, type Route } from './http.mts';
import { chatCompletions, headers, openAiError, refusal } from './openai.mts';

/** https://platform.openai.com/docs/api-reference/batch and /files. */
export function openAiBatchRoutes(desk: BatchDesk, apiKey: string): Route[] {
	const route = (method: string, name: string, path: RegExp, handle: (exchange: Exchange) => Reply): Route => ({
		name: `${method} ${name}`,
		method,
		path,
		handle: (exchange) => refusal(exchange, apiKey) ?? handle(exchange),
	});
	const missing = (exchange: Exchange, what: string) => openAiError(404, exchange.sequence, `No such ${what}: ${exchange.parameters[0]}`);
	const ok = (exchange: Exchange, body: unknown) => ({ status: 200, headers: headers(exchange.sequence), body });
	return [
		route('POST', '/v1/files', /^(?:\/v1)?\/files$/u, (exchange) => upload(exchange, desk)),
		route('GET', '/v1/files/:id/content', /^(?:\/v1)?\/files\/([^/]+)\/content$/u, (exchange) => {
			const content = desk.file(exchange.parameters[0] ?? '');
			if (content === undefined) return missing(exchange, 'File object');
			return { status: 200, headers: { ...headers(exchange.sequence), 'content-type': 'application/octet-stream' }, body: content };
		}),
		route('POST', '/v1/batches', /^(?:\/v1)?\/batches$/u, (exchange) => create(exchange, desk, apiKey)),
		route('GET', '/v1/batches', /^(?:\/v1)?\/batches$/u, (exchange) =>
			ok(exchange, { object: 'list', data: desk.all().map((batch) => describe(batch, desk)), has_more: false }),
		),
		route('GET', '/v1/batches/:id', /^(?:\/v1)?\/batches\/([^/]+)$/u, (exchange) => {
			const batch = desk.look(exchange.parameters[0] ?? '');
			return batch ? ok(exchange, describe(batch, desk)) : missing(exchange, 'batch');
		}),
		route('POST', '/v1/batches/:id/cancel', /^(?:\/v1)?\/batches\/([^/]+)\/cancel$/u, (exchange) => {
			const batch = desk.cancel(exchange.parameters[0] ?? '');
			return batch ? ok(exchange, describe(batch, desk)) : missing(exchange, 'batch');
		}),
	];
}

/** RFC 7578, as far as two parts go. */
function upload(exchange: Exchange, desk: BatchDesk): Reply {
	const boundary = /^multipart\/form-data; boundary=([\w-]{1,70})$/u.exec(header(exchange, 'content-type'))?.[1];
	if (boundary === undefined) return openAiError(400, exchange.sequence, 'The request must be multipart/form-data.');
	const parts = exchange.body.toString('utf8').split(`--${boundary}`);
	const contentOf = (name: string) => {
		const part = parts.find((one) => one.includes(`name="${name}"`));
		return part === undefined ? '' : part.slice(part.indexOf('\r\n\r\n') + 4, -2);
	};
	if (parts.at(-1)?.startsWith('--') !== true || contentOf('purpose') !== 'batch' || contentOf('file') === '') {
		return openAiError(400, exchange.sequence, "'file' and 'purpose' are required properties.", 'file');
	}
	const content = contentOf('file');
	const id = desk.keep(idOf('file-', exchange.sequence, 24), content);
	const filename = /filename="([^"]+)"/u.exec(parts.join(''))?.[1];
	const body = { id, object: 'file', bytes: Buffer.byteLength(content), created_at: seconds(new Date()), filename, purpose: 'batch', status: 'processed' };
	return { status: 200, headers: headers(exchange.sequence), body };
}

function create(exchange: Exchange, desk: BatchDesk, apiKey: string): Reply {
	const request = objectOf(jsonBody(exchange));
	const content = desk.file(textOf(request['input_file_id']));
	if (content === undefined) return openAiError(400, exchange.sequence, 'Invalid input_file_id.', 'input_file_id');
	if (request['endpoint'] !== '/v1/chat/completions' || request['completion_window'] !== '24h') {
		return openAiError(400, exchange.sequence, 'Invalid endpoint or completion_window.', 'endpoint');
	}
	const lines = jsonLines(content);
	const requests = lines.map((line) => ({ id: textOf(line['custom_id']), body: objectOf(line['body']) }));
	const facts = { input_file_id: textOf(request['input_file_id']), name: textOf(objectOf(request['metadata'])['name']) };
	const batch = desk.open(exchange, 'batch_', requests, (call) => chatCompletions(call, apiKey), facts, problemOf(lines));
	return { status: 200, headers: headers(exchange.sequence), body: describe(batch, desk), tokens: tokensOf(batch) };
}

function problemOf(lines: readonly JsonObject[]): string | undefined {
	const models = new Set(lines.map(({ body }) => objectOf(body)['model']));
	const ids = new Set(lines.map((line) => line['custom_id']));
	if (lines.length > 50_000) return 'The batch input file contains too many requests for the batch. The limit is 50000.';
	if (models.size > 1) return 'All requests in a batch must use the same model.';
	if (ids.size < lines.length) return 'The custom_id for this request is a duplicate of another request.';
	if (lines.some((line) => line['method'] !== 'POST' || line['url'] !== '/v1/chat/completions')) return 'The URL does not match the batch endpoint.';
	return undefined;
}

const seconds = (date: Date) => Math.floor(date.getTime() / 1000);

function statusOf(batch: Batch): string {
	if (!isDone(batch)) return batch.cancelled ? 'cancelling' : batch.pollsLeft > 0 ? 'validating' : 'in_progress';
	if (batch.problem !== undefined) return 'failed';
	if (batch.cancelled) return 'cancelled';
	return countOf(batch, 'expired') > 0 ? 'expired' : 'completed';
}

function describe(batch: Batch, desk: BatchDesk): JsonObject {
	const status = statusOf(batch);
	const created = seconds(batch.createdAt);
	const finished = isDone(batch) && batch.problem === undefined;
	const failed = countOf(batch, 'failed', 'expired', 'cancelled');
	const completed = batch.entries.length - failed;
	const answers = batch.entries.filter((entry) => fateOf(batch, entry) === 'answered').map((entry) => lineOf(batch, entry));
	const errors = batch.entries.filter((entry) => fateOf(batch, entry) !== 'answered').map((entry) => lineOf(batch, entry));
	const file = (kind: string, lines: readonly JsonObject[]) =>
		finished && lines.length > 0 ? desk.keep(`file-${kind}-${batch.id}`, toJsonLines(lines)) : null;
	return {
		id: batch.id,
		object: 'batch',
		endpoint: '/v1/chat/completions',
		errors: status === 'failed' ? { object: 'list', data: [{ code: 'invalid_batch', message: batch.problem, param: null, line: 1 }] } : null,
		input_file_id: batch.facts['input_file_id'],
		completion_window: '24h',
		status,
		output_file_id: file('output', answers),
		error_file_id: file('error', errors),
		created_at: created,
		in_progress_at: null,
		expires_at: created + 86_400,
		finalizing_at: null,
		completed_at: status === 'completed' ? created : null,
		failed_at: status === 'failed' ? created : null,
		expired_at: status === 'expired' ? created : null,
		cancelling_at: null,
		cancelled_at: status === 'cancelled' ? created : null,
		request_counts: { total: batch.entries.length, completed: finished ? completed : 0, failed: finished ? failed : 0 },
		metadata: { name: batch.facts['name'] },
	};
}

function lineOf(batch: Batch, entry: BatchEntry): JsonObject {
	const fate = fateOf(batch, entry);
	const line = { id: `batch_req_${entry.id.slice(-8)}`, custom_id: entry.id };
	if (fate === 'expired') {
		return { ...line, response: null, error: { code: 'batch_expired', message: 'This request could not be executed before the completion window expired.' } };
	}
	if (fate === 'cancelled') {
		return { ...line, response: null, error: { code: 'batch_cancelled', message: 'This request was not executed because the batch was cancelled.' } };
	}
	const reply = fate === 'failed' && entry.reply.status < 400 ? openAiError(400, 1, 'The request is not what it must be.') : entry.reply;
	return { ...line, response: { status_code: reply.status, request_id: 'req_1', body: reply.body }, error: null };
}
