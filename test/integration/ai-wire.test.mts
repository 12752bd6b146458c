import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { providers, requestUrl } from '../../lib/ai';
import type { Provider, WireRequest } from '../../lib/ai';

interface Seen {
	url: string | undefined;
	headers: IncomingMessage['headers'];
	body: unknown;
}

/** A server that answers everything with `answer` and remembers what it was asked. */
async function serve(answer: unknown): Promise<{ origin: string; seen: Seen[] }> {
	const seen: Seen[] = [];
	const server = createServer((request, response) => {
		let text = '';
		request.setEncoding('utf8');
		request.on('data', (chunk: string) => (text += chunk));
		request.on('end', () => {
			seen.push({ url: request.url, headers: request.headers, body: text === '' ? null : (JSON.parse(text) as unknown) });
			response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
		});
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	onTestFinished(() => void server.close());
	return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

async function send(provider: Provider, baseUrl: string, wire: WireRequest): Promise<unknown> {
	const response = await fetch(requestUrl(provider, baseUrl, wire.path), {
		method: wire.method,
		headers: { ...wire.headers, ...provider.authHeaders('secret'), connection: 'close' },
		...(wire.body ? { body: JSON.stringify(wire.body) } : {}),
	});
	return await response.json();
}

const messages = [{ role: 'user' as const, content: 'Grüße' }];

test('a chat with a local server that speaks OpenAI goes to /v1/chat/completions', async () => {
	const { origin, seen } = await serve({ choices: [{ message: { content: 'Hallo' }, finish_reason: 'stop' }] });
	const request = { model: 'llama3', messages, maxTokens: 5 };
	const answer = await send(providers.openAi, origin, providers.openAi.chat(request, { baseUrl: origin }));
	expect(providers.openAi.parseChat(answer, request)).toMatchObject({ text: 'Hallo', finishReason: 'stop', model: 'llama3' });
	expect(seen).toMatchObject([
		{ url: '/v1/chat/completions', headers: { authorization: 'Bearer secret' }, body: { model: 'llama3', messages, max_tokens: 5 } },
	]);
});

test('a chat with Gemini keeps the key out of the address', async () => {
	const { origin, seen } = await serve({ candidates: [{ content: { parts: [{ text: 'Hallo' }] }, finishReason: 'STOP' }] });
	const request = { model: 'models/gemini-2.5-flash', messages };
	const answer = await send(providers.gemini, origin, providers.gemini.chat(request));
	expect(providers.gemini.parseChat(answer, request).text).toBe('Hallo');
	expect(seen).toMatchObject([{ url: '/v1beta/models/gemini-2.5-flash:generateContent', headers: { 'x-goog-api-key': 'secret' } }]);
});

test('the models of Anthropic are asked for in one page', async () => {
	const { origin, seen } = await serve({ data: [{ id: 'claude-haiku-4-5', display_name: 'Claude Haiku 4.5' }] });
	const answer = await send(providers.anthropic, `${origin}/v1/`, providers.anthropic.listModels());
	expect(providers.anthropic.parseModels(answer)).toEqual([{ id: 'claude-haiku-4-5', name: 'Claude Haiku 4.5' }]);
	expect(seen).toMatchObject([{ url: '/v1/models?limit=1000', headers: { 'x-api-key': 'secret', 'anthropic-version': '2023-06-01' } }]);
});
