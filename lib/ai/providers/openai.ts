import { MalformedAnswerError } from '../../core/errors';
import { withJson } from '../answer';
import type { AiAnswer, FinishReason } from '../answer';
import { JSON_HEADERS, sortedModels } from '../provider';
import type { AiModel, ChatOptions, Provider, WireRequest } from '../provider';
import { commonDetails, providerError } from '../provider-error';
import { batches } from './openai-batch';
import { embeddings } from './openai-embed';
import { stream } from './openai-stream';
import { validateRequest } from '../request';
import type { AiMessage, AiRequest, JsonFormat } from '../request';
import { usageOf } from '../usage';
import type { AiUsage } from '../usage';
import { compact, countAt, deepMerge, isRecord, listAt, recordAt, textAt, type JsonObject } from '../wire';

const DEFAULT_BASE_URL = 'https://api.openai.com/v1';

/**
 * OpenAI's Chat Completions, and every server that speaks it.
 * Reference: https://platform.openai.com/docs/api-reference/chat
 */
export const openAi: Provider = {
	name: 'openAi',
	defaultBaseUrl: DEFAULT_BASE_URL,
	authHeaders: (apiKey): Record<string, string> =>
		apiKey === '' ? {} : { authorization: `Bearer ${apiKey}` },
	chat,
	parseChat,
	stream,
	embeddings,
	batches,
	parseError: (facts) => providerError(facts, commonDetails(facts.body)),
	listModels: () => ({ method: 'GET', path: '/models', headers: { accept: 'application/json' } }),
	parseModels,
};

function chat(request: AiRequest, options: ChatOptions = {}): WireRequest {
	validateRequest(request);
	const { model, temperature, topP, maxTokens, stop, seed, json, extraBody } = request;
	if (request.body) return post({ ...request.body, model });
	const body = compact({
		model,
		messages: messagesFor(request),
		temperature,
		top_p: topP,
		[maxTokensField(model, options.baseUrl ?? DEFAULT_BASE_URL)]: maxTokens,
		stop: stop?.length ? stop : undefined,
		seed,
		response_format: json && responseFormat(json),
	});
	return post(deepMerge(body, extraBody));
}

function post(body: JsonObject): WireRequest {
	return { method: 'POST', path: '/chat/completions', headers: { ...JSON_HEADERS }, body };
}

/**
 * `max_tokens` is deprecated at OpenAI and refused by its reasoning models; other servers may know nothing else. So
 * `max_completion_tokens` for OpenAI's and Azure's hosts, and for OpenAI's reasoning models by their bare name (a proxy);
 * `max_tokens` for the rest.
 */
function maxTokensField(model: string, baseUrl: string): 'max_completion_tokens' | 'max_tokens' {
	const host = URL.canParse(baseUrl) ? new URL(baseUrl).hostname : '';
	const official = /(^|\.)api\.openai\.com$|\.azure\.com$/.test(host);
	const reasoning = /^(o\d|gpt-([5-9]|\d\d))/.test(model);
	return official || reasoning ? 'max_completion_tokens' : 'max_tokens';
}

/** JSON mode without a schema is refused unless some message speaks of JSON. */
function messagesFor({ messages, json }: AiRequest): JsonObject[] {
	const plain = messages.map(wireMessage);
	const needsWord = json && !json.schema && !messages.some(({ content }) => /json/i.test(content));
	return needsWord
		? [{ role: 'system', content: 'Answer with one JSON object and nothing else.' }, ...plain]
		: plain;
}

/** Reference: https://platform.openai.com/docs/guides/images-vision */
function wireMessage({ role, content, images }: AiMessage): JsonObject {
	if (!images?.length) return { role, content };
	const parts = images.map(({ mediaType, data }) => ({ type: 'image_url', image_url: { url: `data:${mediaType};base64,${data}` } }));
	return { role, content: [{ type: 'text', text: content }, ...parts] };
}

function responseFormat({ schema, name }: JsonFormat): Record<string, unknown> {
	if (!schema) return { type: 'json_object' };
	return { type: 'json_schema', json_schema: { name: name ?? 'answer', schema, strict: true } };
}

const FINISH_REASONS: Record<string, FinishReason> = {
	stop: 'stop',
	length: 'length',
	tool_calls: 'tool',
	function_call: 'tool',
	content_filter: 'filtered',
};

function parseChat(body: unknown, request?: AiRequest): AiAnswer {
	const choices = listAt(body, 'choices') ?? [];
	const [choice] = choices;
	if (!isRecord(choice) || !isRecord(choice.message)) {
		throw new MalformedAnswerError(notAnAnswer(body));
	}
	const refusal = textAt(choice.message, 'refusal');
	// Of several choices, one that is not whole says how it ended.
	const reasons = choices.map((one) => textAt(one, 'finish_reason'));
	const reason = reasons.find((one) => one !== 'stop') ?? reasons[0] ?? '';
	const id = textAt(body, 'id');
	const answer: AiAnswer = {
		text: textOf(choice.message.content) || refusal,
		model: textAt(body, 'model') || (request?.model ?? ''),
		usage: parseUsage(body),
		finishReason: refusal ? 'filtered' : (FINISH_REASONS[reason] ?? 'other'),
		providerFinishReason: reason,
		...(id ? { id } : {}),
		...(request?.body ? { raw: body } : {}),
	};
	return withJson(answer, request);
}

/** Gateways report failures of the model behind them with status 200. */
function notAnAnswer(body: unknown): string {
	const { message } = isRecord(body) && body.error ? commonDetails(body) : { message: '' };
	return message
		? `The AI provider answered with an error instead of a completion: ${message.slice(0, 200)}`
		: 'The AI provider answered without a completion: "choices" is missing or empty';
}

/** Text as such, or the text parts of a list of parts. */
function textOf(content: unknown): string {
	if (typeof content === 'string') return content;
	if (!Array.isArray(content)) return '';
	return content.map((part: unknown) => textAt(part, 'text')).join('');
}

function parseUsage(body: unknown): AiUsage | null {
	if (!isRecord(body) || !isRecord(body.usage)) return null;
	const { usage } = body;
	const prompt = recordAt(usage, 'prompt_tokens_details');
	const inputTokens = countAt(usage, 'prompt_tokens');
	const outputTokens = countAt(usage, 'completion_tokens');
	return usageOf({
		inputTokens,
		outputTokens,
		totalTokens: countAt(usage, 'total_tokens') || inputTokens + outputTokens,
		cachedInputTokens: countAt(prompt, 'cached_tokens'),
		cacheWriteTokens: countAt(prompt, 'cache_write_tokens'),
		reasoningTokens: countAt(recordAt(usage, 'completion_tokens_details'), 'reasoning_tokens'),
	});
}

/** Models of OpenAI that cannot chat; its list does not tell them apart. */
const NOT_FOR_CHAT =
	/^(text-embedding|text-moderation|omni-moderation|tts|whisper|dall-e|(chat)?gpt-image|sora|babbage|davinci)|-(tts|transcribe|realtime|instruct)\b/;

function parseModels(body: unknown): AiModel[] {
	const list = listAt(body, 'data');
	if (!list) throw new MalformedAnswerError('The AI provider answered without a list of models: "data" is missing');
	const ids = list.map((model) => textAt(model, 'id')).filter((id) => id !== '' && !NOT_FOR_CHAT.test(id));
	return sortedModels(ids.map((id) => ({ id, name: id })));
}
