import { describe, expect, test } from 'vitest';
import { MalformedAnswerError } from '../../lib/core/errors';
import { providers } from '../../lib/ai';
import type { AiRequest } from '../../lib/ai';

const { gemini } = providers;
const request: AiRequest = { model: 'gemini-2.5-flash', messages: [{ role: 'user', content: 'Hello' }] };
const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];

const response = {
	candidates: [{ content: { parts: [{ text: 'Hi!' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
	usageMetadata: {
		promptTokenCount: 100,
		candidatesTokenCount: 20,
		thoughtsTokenCount: 300,
		totalTokenCount: 420,
		cachedContentTokenCount: 64,
	},
	modelVersion: 'gemini-2.5-flash',
	responseId: 'r1',
};

function withCandidate(candidate: Record<string, unknown>) {
	return { ...response, candidates: [{ ...response.candidates[0], ...candidate }] };
}

describe('a request to Gemini', () => {
	test('holds nothing that was not asked for', () => {
		expect(gemini.chat(request)).toEqual({
			method: 'POST',
			path: '/v1beta/models/gemini-2.5-flash:generateContent',
			headers: { accept: 'application/json', 'content-type': 'application/json' },
			body: { contents },
		});
	});

	test('carries every option, the system messages apart, and its own names of the roles', () => {
		const schema = { type: 'object' };
		const full: AiRequest = {
			...request,
			messages: [
				{ role: 'system', content: 'Be brief' },
				...request.messages,
				{ role: 'assistant', content: 'Hi' },
				{ role: 'user', content: 'Bye' },
			],
			temperature: 2,
			topP: 0.9,
			maxTokens: 10,
			stop: ['END'],
			seed: 7,
			json: { schema },
			extraBody: { generationConfig: { thinkingConfig: { thinkingBudget: 0 } }, safetySettings: [] },
		};
		expect(gemini.chat(full).body).toEqual({
			systemInstruction: { parts: [{ text: 'Be brief' }] },
			contents: [...contents, { role: 'model', parts: [{ text: 'Hi' }] }, { role: 'user', parts: [{ text: 'Bye' }] }],
			generationConfig: {
				temperature: 2,
				topP: 0.9,
				maxOutputTokens: 10,
				stopSequences: ['END'],
				seed: 7,
				responseMimeType: 'application/json',
				responseJsonSchema: schema,
				thinkingConfig: { thinkingBudget: 0 },
			},
			safetySettings: [],
		});
	});

	test('for JSON without a schema only names the type', () => {
		expect(gemini.chat({ ...request, json: {} }).body).toEqual({ contents, generationConfig: { responseMimeType: 'application/json' } });
	});

	test.each([
		['models/gemini-2.5-pro', '/v1beta/models/gemini-2.5-pro:generateContent'],
		['tunedModels/mine-1', '/v1beta/tunedModels/mine-1:generateContent'],
		['a/../b?key=x#y', '/v1beta/models/a%2F..%2Fb%3Fkey%3Dx%23y:generateContent'],
	])('to the model %s goes to %s', (model, path) => {
		expect(gemini.chat({ ...request, model }).path).toBe(path);
	});

	test('is authenticated by a header, never by the address', () => {
		expect(gemini.authHeaders('k')).toEqual({ 'x-goog-api-key': 'k' });
		expect(gemini.authHeaders('')).toEqual({});
	});
});

describe('an answer of Gemini', () => {
	test('is read with its thoughts counted as output', () => {
		expect(gemini.parseChat(response)).toEqual({
			text: 'Hi!',
			model: 'gemini-2.5-flash',
			id: 'r1',
			finishReason: 'stop',
			providerFinishReason: 'STOP',
			usage: {
				inputTokens: 100,
				outputTokens: 320,
				totalTokens: 420,
				cachedInputTokens: 64,
				cacheWriteTokens: 0,
				reasoningTokens: 300,
			},
		});
	});

	test.each([
		['MAX_TOKENS', 'length'],
		['SAFETY', 'filtered'],
		['RECITATION', 'filtered'],
		['PROHIBITED_CONTENT', 'filtered'],
		['SPII', 'filtered'],
		['BLOCKLIST', 'filtered'],
		['MALFORMED_FUNCTION_CALL', 'other'],
		['OTHER', 'other'],
		[undefined, 'other'],
	])('that ended with %s ended by %s', (finishReason, reason) => {
		expect(gemini.parseChat(withCandidate({ finishReason })).finishReason).toBe(reason);
	});

	test('that spent all its tokens on thoughts is cut off and empty', () => {
		const answer = gemini.parseChat(withCandidate({ content: { role: 'model' }, finishReason: 'MAX_TOKENS' }));
		expect(answer).toMatchObject({ text: '', finishReason: 'length' });
	});

	test('leaves shown thoughts out of the text', () => {
		const content = { parts: [{ text: 'Hm', thought: true }, { text: 'One ' }, { text: 'two' }] };
		expect(gemini.parseChat(withCandidate({ content })).text).toBe('One two');
	});

	test('that calls a function ended by tool, though Gemini says STOP', () => {
		const content = { parts: [{ functionCall: { name: 'f', args: {} } }] };
		expect(gemini.parseChat(withCandidate({ content }))).toMatchObject({ text: '', finishReason: 'tool' });
	});

	test('to a blocked prompt is filtered, not malformed', () => {
		const body = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4, totalTokenCount: 4 } };
		expect(gemini.parseChat(body, { ...request, model: 'models/gemini-2.5-flash', json: {} })).toEqual({
			text: '',
			model: 'gemini-2.5-flash',
			finishReason: 'filtered',
			providerFinishReason: 'SAFETY',
			usage: { inputTokens: 4, outputTokens: 0, totalTokens: 4, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 },
		});
	});

	test.each([undefined, null, 'x', [], {}, { candidates: [] }, { candidates: [1] }, { promptFeedback: {} }])(
		'without a candidate is malformed: %j',
		(body) => {
			expect(() => gemini.parseChat(body)).toThrow(MalformedAnswerError);
		},
	);

	test('is parsed where JSON was asked for', () => {
		const body = withCandidate({ content: { parts: [{ text: '{"a":1}' }] } });
		expect(gemini.parseChat(body, { ...request, json: {} }).json).toEqual({ a: 1 });
	});
});

describe("Gemini's models", () => {
	test('are those that generate content, by bare id', () => {
		const models = [
			{ name: 'models/gemini-2.5-pro', displayName: 'Gemini 2.5 Pro', supportedGenerationMethods: ['generateContent', 'countTokens'] },
			{ name: 'models/gemini-embedding-001', displayName: 'Embedding', supportedGenerationMethods: ['embedContent'] },
			{ name: 'models/gemini-2.5-flash', supportedGenerationMethods: ['generateContent'] },
			{ name: 'models/unsaid' },
		];
		expect(gemini.parseModels({ models })).toEqual([
			{ id: 'gemini-2.5-flash', name: 'gemini-2.5-flash' },
			{ id: 'gemini-2.5-pro', name: 'Gemini 2.5 Pro' },
		]);
		expect(() => gemini.parseModels({ data: [] })).toThrow(MalformedAnswerError);
		expect(gemini.listModels().path).toBe('/v1beta/models?pageSize=1000');
	});
});
