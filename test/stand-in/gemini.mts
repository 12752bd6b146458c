import { answer, contentText, embedding, pieces, tokensOf, type Answer } from './answers.mts';
import {
	arrayOf,
	header,
	idOf,
	isObject,
	jsonBody,
	objectOf,
	serverSentEvent,
	textOf,
	type Exchange,
	type JsonObject,
	type Reply,
} from './http.mts';

/** https://ai.google.dev/api: generateContent, streamGenerateContent and models. */
export const GEMINI_EMBEDDING_MODELS = ['gemini-embedding-001'];
export const GEMINI_MODELS = ['gemini-2.5-flash', 'gemini-2.5-pro', 'gemini-2.5-flash-lite'];

const TYPES: Readonly<Record<number, [status: string, message: string]>> = {
	400: ['INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'],
	403: ['PERMISSION_DENIED', "Method doesn't allow unregistered callers."],
	404: ['NOT_FOUND', 'The model is not found for API version v1beta.'],
	429: ['RESOURCE_EXHAUSTED', 'You exceeded your current quota.'],
	500: ['INTERNAL', 'An internal error has occurred.'],
	503: ['UNAVAILABLE', 'The model is overloaded. Please try again later.'],
};

export function geminiError(code: number, text?: string): Reply {
	const [status, message] = TYPES[code] ?? ['UNKNOWN', 'Unknown error.'];
	const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '1s' };
	const details = code === 429 ? { details: [retry] } : {};
	return {
		status: code,
		...(code === 429 ? { headers: { 'retry-after': '1' } } : {}),
		body: { error: { code, message: text ?? message, status, ...details } },
	};
}

export function refusal(exchange: Exchange, apiKey: string): Reply | undefined {
	const given = header(exchange, 'x-goog-api-key') || (exchange.url.searchParams.get('key') ?? '');
	if (given === '') return geminiError(403);
	return given === apiKey ? undefined : geminiError(400);
}

function isToolResult(content: JsonObject | undefined): boolean {
	return arrayOf(content?.['parts']).some((part) => isObject(objectOf(part)['functionResponse']));
}

function ask(exchange: Exchange, request: JsonObject): Answer {
	const contents = arrayOf(request['contents']).map(objectOf);
	const users = contents.filter((content) => content['role'] !== 'model' && !isToolResult(content));
	const system = objectOf(request['systemInstruction'] ?? request['system_instruction']);
	const settings = objectOf(request['generationConfig'] ?? request['generation_config']);
	const schema = settings['responseJsonSchema'] ?? settings['responseSchema'];
	const calling = objectOf(objectOf(request['toolConfig'])['functionCallingConfig']);
	const limit = settings['maxOutputTokens'];
	const tools = arrayOf(request['tools'])
		.flatMap((tool) => arrayOf(objectOf(tool)['functionDeclarations']))
		.map((declared) => ({
			name: textOf(objectOf(declared)['name']),
			schema: objectOf(objectOf(declared)['parameters']),
		}));
	return answer({
		everything: [system, ...contents]
			.map(({ parts }) => contentText(parts))
			.filter((text) => text !== '')
			.join('\n'),
		lastUserText: contentText(users.at(-1)?.['parts']),
		afterTool: isToolResult(contents.at(-1)),
		tools: calling['mode'] === 'NONE' ? [] : tools,
		forcedTool: calling['mode'] === 'ANY',
		json: settings['responseMimeType'] === 'application/json',
		schema: isObject(schema) ? schema : undefined,
		maxTokens: typeof limit === 'number' ? limit : undefined,
		...exchange.mood,
	});
}

function responseOf(
	model: string,
	given: Answer,
	sequence: number,
	parts: JsonObject[],
	last = true,
): JsonObject {
	const finished = last ? { finishReason: given.cutShort ? 'MAX_TOKENS' : 'STOP' } : {};
	return {
		candidates: [{ content: { parts, role: 'model' }, ...finished, index: 0 }],
		usageMetadata: {
			promptTokenCount: given.inputTokens,
			candidatesTokenCount: given.outputTokens,
			totalTokenCount: given.inputTokens + given.outputTokens,
			promptTokensDetails: [{ modality: 'TEXT', tokenCount: given.inputTokens }],
		},
		modelVersion: model,
		responseId: idOf('', sequence, 22),
	};
}

function partsOf(given: Answer): JsonObject[] {
	if (given.toolCall !== undefined) {
		return [{ functionCall: { name: given.toolCall.name, args: given.toolCall.input } }];
	}
	return given.text === '' ? [] : [{ text: given.text }];
}

export function generateContent(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const [model = '', method] = exchange.parameters;
	if (!GEMINI_MODELS.includes(model)) {
		return geminiError(404, `models/${model} is not found for API version v1beta.`);
	}
	const request = jsonBody(exchange);
	if (request === undefined || arrayOf(request['contents']).length === 0) {
		return geminiError(400, '* GenerateContentRequest.contents: contents is not specified');
	}
	const given = ask(exchange, request);
	const tokens = { input: given.inputTokens, output: given.outputTokens };
	const build = (parts: JsonObject[], last = true) =>
		responseOf(model, given, exchange.sequence, parts, last);
	if (method !== 'streamGenerateContent') {
		return { status: 200, body: build(partsOf(given)), tokens };
	}
	const texts = pieces(given.text);
	const chunks =
		texts.length === 0
			? [build(partsOf(given))]
			: texts.map((text, index) => build([{ text }], index === texts.length - 1));
	if (exchange.url.searchParams.get('alt') !== 'sse') return { status: 200, body: chunks, tokens };
	return {
		status: 200,
		headers: { 'content-type': 'text/event-stream' },
		frames: chunks.map((chunk) => serverSentEvent(chunk)),
		tokens,
	};
}

/** https://ai.google.dev/api/embeddings#method:-models.batchembedcontents */
export function batchEmbedContents(exchange: Exchange, apiKey: string): Reply {
	const refused = refusal(exchange, apiKey);
	if (refused !== undefined) return refused;
	const [model = ''] = exchange.parameters;
	if (!GEMINI_EMBEDDING_MODELS.includes(model)) return geminiError(404, `models/${model} is not found for API version v1beta.`);
	const requests = arrayOf(objectOf(jsonBody(exchange))['requests']).map(objectOf);
	if (requests.length === 0 || requests.length > 100) {
		return geminiError(400, '* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch');
	}
	if (requests.some((request) => request['model'] !== `models/${model}`)) {
		return geminiError(400, '* BatchEmbedContentsRequest.requests: the model of a request does not match');
	}
	const texts = requests.map(({ content }) => contentText(objectOf(content)['parts']));
	const embeddings = texts.map((text, index) => ({
		values: embedding(text, Number(requests[index]?.['outputDimensionality'] ?? 3072)),
	}));
	const used = texts.reduce((sum, text) => sum + tokensOf(text), 0);
	return { status: 200, body: { embeddings, usageMetadata: { promptTokenCount: used } }, tokens: { input: used, output: 0 } };
}

export function geminiModels(exchange: Exchange, apiKey: string): Reply {
	const models = GEMINI_MODELS.map((id) => ({
		name: `models/${id}`,
		version: '001',
		displayName: id,
		inputTokenLimit: 1_048_576,
		outputTokenLimit: 65_536,
		supportedGenerationMethods: ['generateContent', 'countTokens'],
	}));
	const embedding = GEMINI_EMBEDDING_MODELS.map((id) => ({
		name: `models/${id}`,
		version: '001',
		displayName: id,
		inputTokenLimit: 2048,
		outputTokenLimit: 1,
		supportedGenerationMethods: ['embedContent'],
	}));
	return refusal(exchange, apiKey) ?? { status: 200, body: { models: [...models, ...embedding] } };
}
