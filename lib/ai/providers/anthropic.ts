import { InvalidOptionError, MalformedAnswerError } from '../../core/errors';
import { requireNumber } from '../../core/validate';
import { withJson } from '../answer';
import type { AiAnswer, FinishReason } from '../answer';
import { JSON_HEADERS, sortedModels } from '../provider';
import type { AiModel, Provider, WireRequest } from '../provider';
import { commonDetails, providerError } from '../provider-error';
import { batches } from './anthropic-batch';
import { stream } from './anthropic-stream';
import { refuseBody, validateRequest } from '../request';
import type { AiMessage, AiRequest } from '../request';
import { usageOf } from '../usage';
import type { AiUsage } from '../usage';
import { compact, countAt, deepMerge, isRecord, listAt, recordAt, textAt, type JsonObject } from '../wire';

const VERSION = { 'anthropic-version': '2023-06-01' } as const;

/** `max_tokens` is compulsory; this stands in where the user gives none. */
const DEFAULT_MAX_TOKENS = 4096;

/**
 * Anthropic's Messages API. Reference: https://platform.claude.com/docs/en/api/messages. Temperature and Top P are sent
 * as given; models from Claude Opus 4.7 on refuse them, and say so.
 */
export const anthropic: Provider = {
	name: 'anthropic',
	defaultBaseUrl: 'https://api.anthropic.com',
	authHeaders: (apiKey): Record<string, string> => (apiKey === '' ? {} : { 'x-api-key': apiKey }),
	chat,
	parseChat,
	stream,
	batches,
	parseError: (facts) => providerError(facts, commonDetails(facts.body)),
	listModels: () => ({
		method: 'GET',
		path: '/v1/models?limit=1000',
		headers: { accept: 'application/json', ...VERSION },
	}),
	parseModels,
};

function chat(request: AiRequest): WireRequest {
	refuseBody(request, 'Anthropic');
	validateRequest(request);
	const { model, messages, temperature, topP, maxTokens, stop, seed, extraBody } = request;
	if (temperature !== undefined) requireNumber('Temperature', temperature, { max: 1 });
	if (seed !== undefined) throw new InvalidOptionError('Seed', 'none, because Anthropic does not support it', seed);
	const schema = hasStructuredOutput(model) ? request.json?.schema : undefined;
	const body = compact({
		model,
		max_tokens: maxTokens ?? DEFAULT_MAX_TOKENS,
		system: systemField(request),
		messages: messages
			.filter(({ role }) => role !== 'system')
			.map(wireMessage),
		temperature,
		top_p: topP,
		stop_sequences: stop?.length ? stop : undefined,
		output_config: schema && { format: { type: 'json_schema', schema } },
	});
	return {
		method: 'POST',
		path: '/v1/messages',
		headers: { ...JSON_HEADERS, ...VERSION },
		body: deepMerge(body, extraBody),
	};
}

/** Images before the text. Reference: https://platform.claude.com/docs/en/build-with-claude/vision */
function wireMessage({ role, content, images }: AiMessage): JsonObject {
	if (!images?.length) return { role, content };
	const parts = images.map(({ mediaType, data }) => ({ type: 'image', source: { type: 'base64', media_type: mediaType, data } }));
	return { role, content: [...parts, { type: 'text', text: content }] };
}

/**
 * Structured output (`output_config.format`) came with Claude 4.5; older models get the schema in words.
 * Reference: https://platform.claude.com/docs/en/build-with-claude/structured-outputs
 */
function hasStructuredOutput(model: string): boolean {
	return !/^claude-([123]\b|instant|(opus|sonnet)-(3|4-[01]\b|4-20\d{6}|4$))/.test(model);
}

/**
 * The static part of a prompt comes first on the wire, so a mark at its end caches all of it.
 * Reference: https://platform.claude.com/docs/en/build-with-claude/prompt-caching
 */
function systemField(request: AiRequest): unknown {
	const text = systemFor(request);
	if (text === '') return undefined;
	return request.cacheSystem ? [{ type: 'text', text, cache_control: { type: 'ephemeral' } }] : text;
}

/** All system messages; with the wish for JSON, where only words can express it. */
function systemFor({ model, messages, json }: AiRequest): string {
	const texts = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
	if (json && !json.schema) {
		texts.push('Answer with one JSON value and nothing else: no explanation, no Markdown fence.');
	} else if (json?.schema && !hasStructuredOutput(model)) {
		texts.push(
			`Answer with one JSON value that matches this JSON Schema, and nothing else: no explanation, no Markdown fence.\n${JSON.stringify(json.schema)}`,
		);
	}
	return texts.join('\n\n');
}

/** Reference: https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons */
const FINISH_REASONS: Record<string, FinishReason> = {
	end_turn: 'stop',
	stop_sequence: 'stop',
	max_tokens: 'length',
	model_context_window_exceeded: 'length',
	tool_use: 'tool',
	refusal: 'filtered',
};

function parseChat(body: unknown, request?: AiRequest): AiAnswer {
	const content = listAt(body, 'content');
	if (!content) {
		throw new MalformedAnswerError('The AI provider answered without a message: "content" is missing');
	}
	const reason = textAt(body, 'stop_reason');
	const id = textAt(body, 'id');
	const answer: AiAnswer = {
		text: content
			.filter((block) => textAt(block, 'type') === 'text')
			.map((block) => textAt(block, 'text'))
			.join(''),
		model: textAt(body, 'model') || (request?.model ?? ''),
		usage: parseUsage(body),
		finishReason: FINISH_REASONS[reason] ?? 'other',
		providerFinishReason: reason,
		...(id ? { id } : {}),
	};
	return withJson(answer, request);
}

/** `input_tokens` holds neither what the prompt cache served nor what was written to it: ours holds all three. */
function parseUsage(body: unknown): AiUsage | null {
	if (!isRecord(body) || !isRecord(body.usage)) return null;
	const { usage } = body;
	const cachedInputTokens = countAt(usage, 'cache_read_input_tokens');
	const cacheWriteTokens = countAt(usage, 'cache_creation_input_tokens');
	return usageOf({
		inputTokens: countAt(usage, 'input_tokens') + cachedInputTokens + cacheWriteTokens,
		outputTokens: countAt(usage, 'output_tokens'),
		cachedInputTokens,
		cacheWriteTokens,
		reasoningTokens: countAt(recordAt(usage, 'output_tokens_details'), 'thinking_tokens'),
	});
}

function parseModels(body: unknown): AiModel[] {
	const list = listAt(body, 'data');
	if (!list) throw new MalformedAnswerError('The AI provider answered without a list of models: "data" is missing');
	const models = list.map((model) => {
		const id = textAt(model, 'id');
		return { id, name: textAt(model, 'display_name') || id };
	});
	return sortedModels(models.filter(({ id }) => id !== ''));
}
