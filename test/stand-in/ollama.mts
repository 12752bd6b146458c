/** https://github.com/ollama/ollama/blob/main/docs/api.md: chat, streamed as lines of JSON. */
import { answer, contentText, pieces } from './answers.mts';
import { arrayOf, isObject, jsonBody, objectOf, textOf, type Exchange, type JsonObject, type Reply } from './http.mts';

export function ollamaChat(exchange: Exchange): Reply {
	const request = jsonBody(exchange);
	if (request === undefined || !Array.isArray(request['messages'])) return { status: 400, body: { error: 'missing messages' } };
	const messages = arrayOf(request['messages']).map(objectOf);
	const format = request['format'];
	const given = answer({
		everything: messages.map(({ content }) => contentText(content)).join('\n'),
		lastUserText: contentText(messages.filter(({ role }) => role === 'user').at(-1)?.['content']),
		afterTool: messages.at(-1)?.['role'] === 'tool',
		tools: arrayOf(request['tools']).map((entry) => {
			const definition = objectOf(objectOf(entry)['function']);
			return { name: textOf(definition['name']), schema: objectOf(definition['parameters']) };
		}),
		forcedTool: false,
		json: format === 'json' || isObject(format),
		schema: isObject(format) ? format : undefined,
		maxTokens: undefined,
		...exchange.mood,
	});
	const line = (message: JsonObject, rest: JsonObject = { done: false }) =>
		`${JSON.stringify({ model: request['model'], created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content: '', ...message }, ...rest })}\n`;
	const called = given.toolCall && [{ function: { name: given.toolCall.name, arguments: given.toolCall.input } }];
	const end = {
		done: true,
		done_reason: given.cutShort ? 'length' : 'stop',
		total_duration: 1_000_000,
		load_duration: 1000,
		prompt_eval_count: given.inputTokens,
		prompt_eval_duration: 1000,
		eval_count: given.outputTokens,
		eval_duration: 1000,
	};
	const said = called ? [line({ tool_calls: called })] : pieces(given.text).map((content) => line({ content }));
	const tokens = { input: given.inputTokens, output: given.outputTokens };
	if (request['stream'] === false) {
		return { status: 200, body: JSON.parse(line({ content: given.text, ...(called ? { tool_calls: called } : {}) }, end)) as JsonObject, tokens };
	}
	return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, frames: [...said, line({}, end)], tokens };
}
