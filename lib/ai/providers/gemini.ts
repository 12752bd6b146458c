import { MalformedAnswerError } from '../../core/errors';
import { withJson } from '../answer';
import type { AiAnswer, FinishReason } from '../answer';
import { JSON_HEADERS, sortedModels } from '../provider';
import type { AiModel, Provider, WireRequest } from '../provider';
import { commonDetails, decoded, providerError } from '../provider-error';
import type { ErrorDetails } from '../provider-error';
import { batches } from './gemini-batch';
import { embeddings } from './gemini-embed';
import { bareId, modelPath } from './gemini-model';
import { stream } from './gemini-stream';
import { refuseBody, validateRequest } from '../request';
import type { AiRequest } from '../request';
import { usageOf } from '../usage';
import type { AiUsage } from '../usage';
import { compact, countAt, deepMerge, isRecord, listAt, recordAt, textAt } from '../wire';

/**
 * Google's Gemini API. Reference: https://ai.google.dev/api/generate-content
 */
export const gemini: Provider = {
	name: 'gemini',
	defaultBaseUrl: 'https://generativelanguage.googleapis.com',
	authHeaders: (apiKey): Record<string, string> => (apiKey === '' ? {} : { 'x-goog-api-key': apiKey }),
	chat,
	parseChat,
	stream,
	embeddings,
	batches,
	parseError: (facts) => providerError(facts, errorDetails(facts.body)),
	listModels: () => ({
		method: 'GET',
		path: '/v1beta/models?pageSize=1000',
		headers: { accept: 'application/json' },
	}),
	parseModels,
};

function chat(request: AiRequest): WireRequest {
	refuseBody(request, 'Google Gemini');
	validateRequest(request);
	const { messages, temperature, topP, maxTokens, stop, seed, json, extraBody } = request;
	const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
	const generationConfig = compact({
		temperature,
		topP,
		maxOutputTokens: maxTokens,
		stopSequences: stop?.length ? stop : undefined,
		seed,
		responseMimeType: json && 'application/json',
		responseJsonSchema: json?.schema,
	});
	const body = compact({
		systemInstruction: system.length > 0 ? { parts: [{ text: system.join('\n\n') }] } : undefined,
		contents: messages
			.filter(({ role }) => role !== 'system')
			.map(({ role, content, images = [] }) => ({
				role: role === 'assistant' ? 'model' : 'user',
				// Reference: https://ai.google.dev/gemini-api/docs/image-understanding
				parts: [...images.map(({ mediaType, data }) => ({ inlineData: { mimeType: mediaType, data } })), { text: content }],
			})),
		generationConfig: Object.keys(generationConfig).length > 0 ? generationConfig : undefined,
	});
	return {
		method: 'POST',
		path: `/v1beta/${modelPath(request.model)}:generateContent`,
		headers: { ...JSON_HEADERS },
		body: deepMerge(body, extraBody),
	};
}

const FINISH_REASONS: Record<string, FinishReason> = {
	STOP: 'stop',
	MAX_TOKENS: 'length',
	SAFETY: 'filtered',
	RECITATION: 'filtered',
	BLOCKLIST: 'filtered',
	PROHIBITED_CONTENT: 'filtered',
	SPII: 'filtered',
	LANGUAGE: 'filtered',
	IMAGE_SAFETY: 'filtered',
};

/** A prompt that was blocked has no candidates, but a `blockReason`. */
function parseChat(body: unknown, request?: AiRequest): AiAnswer {
	const candidate = listAt(body, 'candidates')?.[0];
	const blocked = textAt(recordAt(body, 'promptFeedback'), 'blockReason');
	if (!isRecord(candidate) && !blocked) {
		throw new MalformedAnswerError('The AI provider answered without a candidate: "candidates" is missing or empty');
	}
	const parts = listAt(recordAt(candidate, 'content'), 'parts') ?? [];
	const reason = textAt(candidate, 'finishReason');
	const id = textAt(body, 'responseId');
	const answer: AiAnswer = {
		text: parts
			.filter((part) => isRecord(part) && part.thought !== true)
			.map((part) => textAt(part, 'text'))
			.join(''),
		model: textAt(body, 'modelVersion') || bareId(request?.model ?? ''),
		usage: parseUsage(body),
		finishReason: finishReasonOf(reason, blocked, parts),
		providerFinishReason: reason || blocked,
		...(id ? { id } : {}),
	};
	return withJson(answer, request);
}

/** A call of a function ends with STOP here. */
function finishReasonOf(reason: string, blocked: string, parts: unknown[]): FinishReason {
	if (!reason && blocked) return 'filtered';
	const known = FINISH_REASONS[reason] ?? 'other';
	const callsTool = parts.some((part) => isRecord(part) && isRecord(part.functionCall));
	return known === 'stop' && callsTool ? 'tool' : known;
}

/** `candidatesTokenCount` does not hold the thoughts, and `promptTokenCount` not the results of tools: ours do. */
function parseUsage(body: unknown): AiUsage | null {
	if (!isRecord(body) || !isRecord(body.usageMetadata)) return null;
	const usage = body.usageMetadata;
	const reasoningTokens = countAt(usage, 'thoughtsTokenCount');
	const inputTokens = countAt(usage, 'promptTokenCount') + countAt(usage, 'toolUsePromptTokenCount');
	const outputTokens = countAt(usage, 'candidatesTokenCount') + reasoningTokens;
	return usageOf({
		inputTokens,
		outputTokens,
		totalTokens: countAt(usage, 'totalTokenCount') || inputTokens + outputTokens,
		cachedInputTokens: countAt(usage, 'cachedContentTokenCount'),
		reasoningTokens,
	});
}

/**
 * google.rpc.Status: the reason and the wait are in `details`. A quota per day is not retryable: no wait within a
 * call outlasts it. Reference: https://cloud.google.com/apis/design/errors
 */
function errorDetails(body: unknown): ErrorDetails {
	const value = decoded(body);
	const first: unknown = Array.isArray(value) ? value[0] : value;
	const error = recordAt(first, 'error');
	const details = listAt(error, 'details') ?? [];
	const violations = details.flatMap((detail) => listAt(detail, 'violations') ?? []);
	const perDay = violations.some((violation) => /PerDay/i.test(textAt(violation, 'quotaId')));
	const reason = details.map((detail) => textAt(detail, 'reason')).find((text) => text !== '');
	const delay = details.map((detail) => parseFloat(textAt(detail, 'retryDelay'))).find((seconds) => seconds >= 0);
	return {
		message: commonDetails(first).message,
		code: reason ?? textAt(error, 'status'),
		retryable: perDay ? false : undefined,
		retryAfterSeconds: delay === undefined ? undefined : Math.ceil(delay),
	};
}

function parseModels(body: unknown): AiModel[] {
	const list = listAt(body, 'models');
	if (!list) throw new MalformedAnswerError('The AI provider answered without a list of models: "models" is missing');
	const chatting = list.filter((model) => listAt(model, 'supportedGenerationMethods')?.includes('generateContent'));
	const models = chatting.map((model) => {
		const id = bareId(textAt(model, 'name'));
		return { id, name: textAt(model, 'displayName') || id };
	});
	return sortedModels(models.filter(({ id }) => id !== ''));
}
