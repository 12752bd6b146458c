import { describe, expect, test } from 'vitest';
import { errorReply, packVector, providers, readStream, streamReply } from '../../lib/ai';
import { AllFailedError, CircuitOpenError, HttpStatusError } from '../../lib/core/errors';

const call = (id: string) => ({ id, type: 'function', function: { name: 'find', arguments: '{"q":"x\\n"}' } });
const choice = (index: number, message: object, finish: string) => ({
	index,
	message: { role: 'assistant', content: null, refusal: null, ...message },
	finish_reason: finish,
});
const completion = (...choices: object[]) => ({
	id: 'chatcmpl-1',
	object: 'chat.completion',
	created: 1,
	model: 'm',
	choices,
	usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

describe('a completion as a stream', () => {
	test.each([
		['a text', completion(choice(0, { content: 'Zwei\n\nZeilen: data: x ✓' }, 'stop'))],
		['several choices', completion(choice(0, { content: 'a' }, 'stop'), choice(1, { content: 'b' }, 'length'))],
		['calls of tools', completion(choice(0, { tool_calls: [call('one'), call('two')] }, 'tool_calls'))],
		['a refusal', completion(choice(0, { content: '', refusal: 'No.' }, 'stop'))],
		['a field that only one server has', completion(choice(0, { content: 'a', reasoning_content: 'because' }, 'stop'))],
	])('of %s is read back as the same completion', (_what, whole) => {
		expect(readStream(providers.openAi, streamReply(whole, { includeUsage: true }).body)).toEqual(whole);
	});

	test('counts the tokens only for who asked', () => {
		const whole = completion(choice(0, { content: 'a' }, 'stop'));
		expect(streamReply(whole, { includeUsage: false }).body).not.toContain('usage');
	});
});

test('pieces of a stream are put together: texts, arguments of calls, several choices', () => {
	const delta = (index: number, piece: object, finish: string | null = null) => ({ id: 'c', choices: [{ index, delta: piece, finish_reason: finish }] });
	const piece = (index: number, name: string, args: string) => ({ tool_calls: [{ index, ...(name ? { id: name, type: 'function' } : {}), function: { ...(name ? { name } : {}), arguments: args } }] });
	const chunks = [
		delta(1, { role: 'assistant', content: 'se' }),
		delta(0, piece(1, 'b', '')),
		delta(0, piece(0, 'a', '{"x"')),
		delta(0, piece(0, '', ':1}')),
		delta(0, piece(1, '', '{}')),
		delta(1, { content: 'cond' }, 'stop'),
	];
	const text = (list: unknown[]) => list.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('');
	expect(() => readStream(providers.openAi, text(chunks)), 'one of the choices goes on').toThrow('broke off');
	const { choices } = readStream(providers.openAi, text([...chunks, delta(0, {}, 'tool_calls')]));
	expect(choices).toEqual([
		{
			index: 0,
			message: {
				role: 'assistant',
				content: null,
				refusal: null,
				tool_calls: [
					{ id: 'a', type: 'function', function: { name: 'a', arguments: '{"x":1}' } },
					{ id: 'b', type: 'function', function: { name: 'b', arguments: '{}' } },
				],
			},
			finish_reason: 'tool_calls',
		},
		{ index: 1, message: { role: 'assistant', content: 'second', refusal: null }, finish_reason: 'stop' },
	]);
});

test('of several choices, one that was cut off makes the answer one that is not kept', () => {
	const body = completion(choice(0, { content: 'a' }, 'stop'), choice(1, { content: 'b' }, 'length'));
	expect(providers.openAi.parseChat(body)).toMatchObject({ text: 'a', finishReason: 'length' });
});

test('vectors are packed as 32-bit floats, little-endian', () => {
	expect(packVector([1, -0.5])).toBe(Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf]).toString('base64'));
});

test.each<[string, unknown, number, Record<string, unknown>]>([
	['what the provider said', new HttpStatusError({ status: 400, headers: {}, body: { error: { message: 'Too long', type: 't', code: 'c', param: 'p' } } }), 400, { message: 'Too long', type: 't', code: 'c', param: 'p' }],
	['a gateway that says nothing', new HttpStatusError({ status: 503, headers: {}, body: '<html>' }), 503, { message: 'The server answered with status 503', type: 'api_error' }],
	['an open circuit', new CircuitOpenError('https://a.example', 1000), 503, { code: 'circuit_open' }],
	['several models that failed', new AllFailedError(['a: x', 'b: y'], { cause: new HttpStatusError({ status: 429, headers: {}, body: '' }) }), 429, { type: 'api_error' }],
	['several models that gave no good answer', new AllFailedError(['a: x']), 502, { code: 'bad_gateway' }],
	['what nobody thought of', new Error('oops'), 500, { message: 'oops', type: 'server_error', param: null, code: null }],
])('%s as an error of the API', (_what, error, status, shape) => {
	const reply = errorReply(error);
	expect(reply.statusCode).toBe(status);
	expect((JSON.parse(reply.body) as { error: unknown }).error).toMatchObject(shape);
});
