import { countOf, fateOf, isDone, tokensOf, toJsonLines, type Batch, type BatchDesk, type BatchEntry } from './batches.mts';
import { geminiError, generateContent, refusal } from './gemini.mts';
import { arrayOf, jsonBody, objectOf, textOf, type Exchange, type JsonObject, type Reply, type Route } from './http.mts';

/** https://ai.google.dev/api/batch-api. With `[in a file]` anywhere in a batch, its answers are in one. */
export function geminiBatchRoutes(desk: BatchDesk, apiKey: string): Route[] {
	const route = (method: string, name: string, path: RegExp, handle: (exchange: Exchange) => Reply): Route => ({
		name: `${method} /v1beta/${name}`,
		method,
		path,
		handle: (exchange) => refusal(exchange, apiKey) ?? handle(exchange),
	});
	const known = (batch: Batch | undefined, body: (batch: Batch) => unknown): Reply =>
		batch ? { status: 200, body: body(batch) } : geminiError(404, 'Requested entity was not found.');
	return [
		route('POST', 'models/:model:batchGenerateContent', /^\/v1beta\/models\/([^/:]+):batchGenerateContent$/u, (exchange) => create(exchange, desk, apiKey)),
		route('GET', 'batches', /^\/v1beta\/batches$/u, () => ({ status: 200, body: { operations: desk.all().map((batch) => describe(batch, desk)) } })),
		route('GET', 'batches/:id', /^\/v1beta\/batches\/([^/:]+)$/u, (exchange) =>
			known(desk.look(exchange.parameters[0] ?? ''), (batch) => describe(batch, desk)),
		),
		route('POST', 'batches/:id:cancel', /^\/v1beta\/batches\/([^/:]+):cancel$/u, (exchange) => known(desk.cancel(exchange.parameters[0] ?? ''), () => ({}))),
		route('GET', 'files/:id:download', /^\/v1beta\/files\/([^/:]+):download$/u, (exchange) => {
			const content = exchange.url.searchParams.get('alt') === 'media' ? desk.file(exchange.parameters[0] ?? '') : undefined;
			if (content === undefined) return geminiError(404, 'Requested entity was not found.');
			return { status: 200, headers: { 'content-type': 'application/jsonl' }, body: content };
		}),
	];
}

function create(exchange: Exchange, desk: BatchDesk, apiKey: string): Reply {
	const given = objectOf(objectOf(jsonBody(exchange))['batch']);
	const listed = arrayOf(objectOf(objectOf(given['inputConfig'])['requests'])['requests']).map(objectOf);
	if (listed.length === 0 || textOf(given['displayName']) === '') return geminiError(400, '* BatchGenerateContentRequest.batch: is not specified');
	const requests = listed.map((entry) => ({ id: textOf(objectOf(entry['metadata'])['key']), body: objectOf(entry['request']) }));
	const [model = ''] = exchange.parameters;
	const facts = { model: `models/${model}`, displayName: textOf(given['displayName']), answers: JSON.stringify(listed).includes('[in a file]') ? 'file' : 'inline' };
	const batch = desk.open(exchange, '', requests, (call) => generateContent({ ...call, parameters: [model, 'generateContent'] }, apiKey), facts);
	if (batch.entries.every(({ reply }) => reply.status === 404)) return batch.entries[0]?.reply ?? geminiError(404);
	return { status: 200, body: describe(batch, desk), tokens: tokensOf(batch) };
}

function stateOf(batch: Batch): string {
	if (!isDone(batch)) return batch.pollsLeft > 0 ? 'PENDING' : 'RUNNING';
	if (batch.problem !== undefined) return 'FAILED';
	return batch.cancelled ? 'CANCELLED' : countOf(batch, 'expired') > 0 ? 'EXPIRED' : 'SUCCEEDED';
}

function describe(batch: Batch, desk: BatchDesk): JsonObject {
	const state = stateOf(batch);
	const done = isDone(batch);
	const succeeded = state === 'SUCCEEDED';
	// 64-bit numbers are texts, and what is 0 is left out.
	const stat = (name: string, count: number) => (count === 0 ? {} : { [name]: String(count) });
	const answered = countOf(batch, 'answered');
	const { answers, ...facts } = batch.facts;
	const inFile = answers === 'file';
	const lines = batch.entries.map((entry) => lineOf(batch, entry, inFile));
	const output = inFile
		? { responsesFile: `files/${desk.keep(`batch-${batch.id}`, toJsonLines(lines))}` }
		: { inlinedResponses: { inlinedResponses: lines } };
	return {
		name: `batches/${batch.id}`,
		metadata: {
			'@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
			...facts,
			state: `BATCH_STATE_${state}`,
			createTime: batch.createdAt.toISOString(),
			updateTime: batch.createdAt.toISOString(),
			...(done ? { endTime: batch.createdAt.toISOString() } : {}),
			batchStats: {
				...stat('requestCount', batch.entries.length),
				...(succeeded ? stat('successfulRequestCount', answered) : {}),
				...(succeeded ? stat('failedRequestCount', batch.entries.length - answered) : {}),
				...(done ? {} : stat('pendingRequestCount', batch.entries.length)),
			},
			...(succeeded ? { output } : {}),
			name: `batches/${batch.id}`,
		},
		...(done ? { done: true } : {}),
		...(state === 'FAILED' ? { error: { code: 3, message: batch.problem } } : {}),
		...(succeeded ? { response: { '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput', ...output } } : {}),
	};
}

function lineOf(batch: Batch, entry: BatchEntry, inFile: boolean): JsonObject {
	const named = inFile ? { key: entry.id } : { metadata: { key: entry.id } };
	const fate = fateOf(batch, entry);
	if (fate === 'answered') return { ...named, response: entry.reply.body };
	if (fate === 'cancelled') return { ...named, error: { code: 1, message: 'The operation was cancelled.' } };
	return { ...named, error: { code: 3, message: 'The request is not what it must be.' } };
}
