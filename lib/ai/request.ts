import { InvalidOptionError } from '../core/errors';
import { requireInteger, requireNumber, requireOneOf, requireText } from '../core/validate';
import { isRecord, type JsonObject } from './wire';

export type ProviderName = 'openAi' | 'anthropic' | 'gemini';

const ROLES = ['system', 'user', 'assistant'] as const;

export interface AiMessage {
	role: (typeof ROLES)[number];
	content: string;
	/** Only the user shows images. */
	images?: AiImage[] | undefined;
}

export interface AiImage {
	/** Such as `image/png`. */
	mediaType: string;
	/** The bytes in base64. */
	data: string;
}

/** Asks for JSON; with a schema where the provider can be held to one. */
export interface JsonFormat {
	/** JSON Schema. What a provider accepts of it differs; its own error says what it does not. */
	schema?: Record<string, unknown> | undefined;
	/** Name of the schema, for OpenAI; letters, digits, `_` and `-`. Default `answer`. */
	name?: string | undefined;
}

/**
 * One chat completion, the same for every provider. An option that is left out is left out of the request too: an omitted
 * temperature is the provider's default, not 0.
 */
export interface AiRequest {
	model: string;
	messages: AiMessage[];
	/** From 0 to 2; Anthropic takes up to 1. */
	temperature?: number | undefined;
	/** From 0 to 1. */
	topP?: number | undefined;
	/** Bound on the tokens of the answer, reasoning included. */
	maxTokens?: number | undefined;
	/** Texts that end the answer. */
	stop?: string[] | undefined;
	/** Not for Anthropic. */
	seed?: number | undefined;
	json?: JsonFormat | undefined;
	/** Marks the system message for the provider's prompt cache, where the provider wants that said (Anthropic). */
	cacheSystem?: boolean | undefined;
	/** Merged into the request body last, object by object; lists and values replace. */
	extraBody?: Record<string, unknown> | undefined;
	/**
	 * The whole body in the format of OpenAI's API, in place of all of the above but the model. The provider checks it. What
	 * comes back is kept as it came.
	 */
	body?: JsonObject | undefined;
}

/**
 * @throws {InvalidOptionError} that names the parameter as the user knows it: Model, Prompt, System Message, Temperature,
 * Top P, Max Tokens, Stop Sequences, Seed, JSON Schema, JSON Schema Name, Extra Body.
 */
export function validateRequest(request: AiRequest): void {
	requireText('Model', request.model);
	if (request.body) return;
	validateMessages(request.messages);
	const { temperature, topP, maxTokens, stop, seed, json, extraBody } = request;
	if (temperature !== undefined) requireNumber('Temperature', temperature, { max: 2 });
	if (topP !== undefined) requireNumber('Top P', topP, { max: 1 });
	if (maxTokens !== undefined) requireInteger('Max Tokens', maxTokens, { min: 1 });
	if (seed !== undefined) requireInteger('Seed', seed, { min: Number.MIN_SAFE_INTEGER });
	if (stop !== undefined) validateStop(stop);
	if (json !== undefined) validateJson(json);
	if (extraBody !== undefined) validateExtraBody(extraBody);
}

/** For providers whose API is another than OpenAI's. */
export function refuseBody({ body }: AiRequest, provider: string): void {
	if (body) throw new InvalidOptionError('Provider', "one that speaks OpenAI's API", provider);
}

function validateMessages(messages: unknown): void {
	if (!Array.isArray(messages)) throw new InvalidOptionError('Prompt', 'a list of messages', messages);
	for (const message of messages as unknown[]) {
		if (!isRecord(message)) throw new InvalidOptionError('Prompt', 'messages with a role and a content', message);
		const role = requireOneOf('Prompt', message.role, ROLES);
		requireText(role === 'system' ? 'System Message' : 'Prompt', message.content);
		if (message.images !== undefined) validateImages(role, message.images);
	}
	if (!messages.some((message: AiMessage) => message.role === 'user')) {
		throw new InvalidOptionError('Prompt', 'at least one message of the user', messages);
	}
}

function validateImages(role: AiMessage['role'], images: unknown): void {
	const good =
		Array.isArray(images) &&
		images.every((image: unknown) => isRecord(image) && typeof image.mediaType === 'string' && typeof image.data === 'string');
	if (!good || role !== 'user') throw new InvalidOptionError('Prompt', 'images only with the user, each with mediaType and data', images);
}

function validateStop(stop: unknown): void {
	const good = Array.isArray(stop) && stop.every((text: unknown) => typeof text === 'string' && text !== '');
	if (!good) throw new InvalidOptionError('Stop Sequences', 'a list of texts that are not empty', stop);
}

function validateJson(json: JsonFormat): void {
	if (json.schema !== undefined && !isRecord(json.schema)) {
		throw new InvalidOptionError('JSON Schema', 'an object', json.schema);
	}
	if (json.name !== undefined && !/^[\w-]{1,64}$/.test(json.name)) {
		throw new InvalidOptionError('JSON Schema Name', 'up to 64 letters, digits, _ or -', json.name);
	}
}

function validateExtraBody(extraBody: unknown): void {
	if (!isRecord(extraBody)) throw new InvalidOptionError('Extra Body', 'an object', extraBody);
	if (extraBody.stream !== undefined && extraBody.stream !== false) {
		throw new InvalidOptionError('Extra Body', 'no "stream": answers are read whole', extraBody.stream);
	}
}
