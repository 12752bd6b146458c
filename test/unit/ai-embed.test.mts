import { describe, expect, test } from 'vitest';
import { providers } from '../../lib/ai';
import { InvalidOptionError, MalformedAnswerError } from '../../lib/core/errors';

const request = { model: 'models/m', texts: ['one', 'two'], dimensions: 3 };

describe('embeddings of OpenAI', () => {
	const { embeddings } = providers.openAi;

	test('are asked for with a list of texts', () => {
		expect(embeddings?.request({ ...request, model: 'm' })).toMatchObject({
			method: 'POST',
			path: '/embeddings',
			body: { model: 'm', input: ['one', 'two'], dimensions: 3 },
		});
	});

	test('belong to the text that their index names', () => {
		const data = [1, 0].map((index) => ({ object: 'embedding', index, embedding: [index, 9] }));
		expect(embeddings?.parse({ object: 'list', data, model: 'm-1', usage: { prompt_tokens: 5, total_tokens: 5 } }, request)).toMatchObject({
			vectors: [[0, 9], [1, 9]],
			model: 'm-1',
			usage: { inputTokens: 5, totalTokens: 5 },
		});
	});

	test.each([
		[{}],
		[{ data: [{ index: 0, embedding: [1] }] }],
		[{ data: [{ index: 0, embedding: [1] }, { index: 0, embedding: [1] }] }],
		[{ data: [{ index: 0, embedding: [1] }, { index: 1, embedding: 'AAAA' }] }],
		[{ data: [{ index: 0, embedding: [1] }, { index: 1, embedding: [] }] }],
		[{ data: [{ index: 0, embedding: [1] }, { index: 4e9, embedding: [1] }] }],
	])('that are not one vector per text are no answer: %j', (body) => {
		expect(() => embeddings?.parse(body, request)).toThrow(MalformedAnswerError);
	});

	test('list the models that call themselves so, or all', () => {
		const list = (...ids: string[]) => ({ data: ids.map((id) => ({ id })) });
		expect(embeddings?.parseModels(list('gpt-4o', 'text-embedding-3-small')).map(({ id }) => id)).toEqual(['text-embedding-3-small']);
		expect(embeddings?.parseModels(list('b', 'a')).map(({ id }) => id)).toEqual(['a', 'b']);
	});
});

describe('embeddings of Gemini', () => {
	const { embeddings } = providers.gemini;

	test('are asked for in a batch that names the model with each text', () => {
		const part = (text: string) => ({ model: 'models/m', content: { parts: [{ text }] }, outputDimensionality: 3 });
		expect(embeddings?.request(request)).toMatchObject({ path: '/v1beta/models/m:batchEmbedContents', body: { requests: [part('one'), part('two')] } });
	});

	test('come in the order of the texts, without a count where there is none', () => {
		expect(embeddings?.parse({ embeddings: [{ values: [1] }, { values: [2] }] }, request)).toEqual({ vectors: [[1], [2]], model: 'm', usage: null });
		expect(() => embeddings?.parse({ embeddings: [{ values: [1] }] }, request)).toThrow(MalformedAnswerError);
	});
});

test('Anthropic has none, and an empty text is refused', () => {
	expect(providers.anthropic.embeddings).toBeUndefined();
	for (const { embeddings } of [providers.openAi, providers.gemini]) {
		expect(() => embeddings?.request({ model: 'm', texts: ['a', ' '] })).toThrow(InvalidOptionError);
	}
});
