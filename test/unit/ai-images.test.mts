import { describe, expect, test } from 'vitest';
import { providers } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';

const images = [{ mediaType: 'image/png', data: 'iVBORw==' }];
const request = { model: 'm', messages: [{ role: 'user' as const, content: 'What is this?', images }] };

describe('an image goes over the wire as a part of the message', () => {
	test('of OpenAI, as a data URL', () => {
		expect(providers.openAi.chat(request).body?.messages).toEqual([
			{
				role: 'user',
				content: [
					{ type: 'text', text: 'What is this?' },
					{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
				],
			},
		]);
	});

	test('of Anthropic, as a base64 source before the text', () => {
		expect(providers.anthropic.chat(request).body?.messages).toEqual([
			{
				role: 'user',
				content: [
					{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw==' } },
					{ type: 'text', text: 'What is this?' },
				],
			},
		]);
	});

	test('of Gemini, as inline data', () => {
		expect(providers.gemini.chat(request).body?.contents).toEqual([
			{ role: 'user', parts: [{ inlineData: { mimeType: 'image/png', data: 'iVBORw==' } }, { text: 'What is this?' }] },
		]);
	});
});

test.each([
	['the model shows', [{ role: 'user' as const, content: 'a' }, { role: 'assistant' as const, content: 'b', images }]],
	['that is no image', [{ role: 'user' as const, content: 'a', images: [{ url: 'x' }] as never }]],
])('an image %s is refused', (_what, messages) => {
	for (const provider of Object.values(providers)) expect(() => provider.chat({ model: 'm', messages })).toThrow(InvalidOptionError);
});
