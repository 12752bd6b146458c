import { anthropicError, headers, messages, refusal } from './anthropic.mts';
import { countOf, fateOf, isDone, tokensOf, toJsonLines, type Batch, type BatchDesk, type BatchEntry } from './batches.mts';
import { arrayOf, jsonBody, objectOf, textOf, type Exchange, type JsonObject, type Reply, type Route } from './http.mts';

/** https://docs.anthropic.com/en/api: message batches. */
export function anthropicBatchRoutes(desk: BatchDesk, apiKey: string): Route[] {
	const route = (method: string, more: string, handle: (exchange: Exchange) => Reply): Route => ({
		name: `${method} /v1/messages/batches${more}`,
		method,
		path: new RegExp(`^(?:/v1)?/messages/batches${more.replace(':id', '([^/]+)')}$`, 'u'),
		handle: (exchange) => refusal(exchange, apiKey) ?? handle(exchange),
	});
	const known = (exchange: Exchange, batch: Batch | undefined, body: (batch: Batch) => unknown): Reply =>
		batch
			? { status: 200, headers: headers(exchange.sequence), body: body(batch) }
			: anthropicError(404, exchange.sequence, `message_batch_id: ${exchange.parameters[0]} not found`);
	return [
		route('POST', '', (exchange) => create(exchange, desk, apiKey)),
		route('GET', '/:id', (exchange) => known(exchange, desk.look(exchange.parameters[0] ?? ''), (batch) => describe(exchange, batch))),
		route('POST', '/:id/cancel', (exchange) => known(exchange, desk.cancel(exchange.parameters[0] ?? ''), (batch) => describe(exchange, batch))),
		route('GET', '/:id/results', (exchange) => {
			const batch = desk.look(exchange.parameters[0] ?? '');
			const reply = known(exchange, batch && isDone(batch) ? batch : undefined, (done) => toJsonLines(done.entries.map((entry) => lineOf(done, entry))));
			return reply.status === 200 ? { ...reply, headers: { ...reply.headers, 'content-type': 'application/x-jsonl' } } : reply;
		}),
	];
}

function create(exchange: Exchange, desk: BatchDesk, apiKey: string): Reply {
	const given = arrayOf(objectOf(jsonBody(exchange))['requests']).map(objectOf);
	if (given.length === 0) return anthropicError(400, exchange.sequence, 'requests: Field required');
	const requests = given.map((request) => ({ id: textOf(request['custom_id']), body: objectOf(request['params']) }));
	const bad = requests.find(({ id }) => !/^[a-zA-Z0-9_-]{1,64}$/u.test(id));
	if (bad) return anthropicError(400, exchange.sequence, "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'");
	if (new Set(requests.map(({ id }) => id)).size < requests.length) return anthropicError(400, exchange.sequence, 'requests: custom_id must be unique');
	if (JSON.stringify(given).includes('[spoils the batch]')) return anthropicError(400, exchange.sequence, 'requests: The batch is spoilt.');
	const batch = desk.open(exchange, 'msgbatch_', requests, (call) => messages(call, apiKey));
	return { status: 200, headers: headers(exchange.sequence), body: describe(exchange, batch), tokens: tokensOf(batch) };
}

function describe(exchange: Exchange, batch: Batch): JsonObject {
	const done = isDone(batch);
	const created = batch.createdAt.toISOString();
	const ended = (count: number) => (done ? count : 0);
	return {
		id: batch.id,
		type: 'message_batch',
		processing_status: done ? 'ended' : batch.cancelled ? 'canceling' : 'in_progress',
		request_counts: {
			processing: done ? 0 : batch.entries.length,
			succeeded: ended(countOf(batch, 'answered')),
			errored: ended(countOf(batch, 'failed')),
			canceled: ended(countOf(batch, 'cancelled')),
			expired: ended(countOf(batch, 'expired')),
		},
		ended_at: done ? created : null,
		created_at: created,
		expires_at: new Date(batch.createdAt.getTime() + 86_400_000).toISOString(),
		archived_at: null,
		cancel_initiated_at: batch.cancelled ? created : null,
		results_url: done ? `${exchange.scheme}://${String(exchange.headers.host)}/v1/messages/batches/${batch.id}/results` : null,
	};
}

function lineOf(batch: Batch, entry: BatchEntry): JsonObject {
	const fate = fateOf(batch, entry);
	const line = (result: JsonObject) => ({ custom_id: entry.id, result });
	if (fate === 'answered') return line({ type: 'succeeded', message: entry.reply.body });
	if (fate === 'expired') return line({ type: 'expired' });
	if (fate === 'cancelled') return line({ type: 'canceled' });
	return line({ type: 'errored', error: (entry.reply.status < 400 ? anthropicError(400, 1, 'The request is not what it must be.') : entry.reply).body });
}
