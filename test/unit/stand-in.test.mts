import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { STAND_IN_KEY, startStandIn, type StandIn } from '../stand-in/ai-provider.mts';

const ca = readFileSync(new URL('../helpers/tls/certificate.pem', import.meta.url));
const ITEMS = [
	{ name: 'left', description: 'Pads strings: string padding on the left of strings' },
	{ name: 'right', description: 'Parses command line options' },
];

let server: StandIn;
const agents: Array<Agent | SecureAgent> = [];

beforeEach(async () => {
	server = await startStandIn({ items: ITEMS });
});

afterEach(async () => {
	for (const agent of agents.splice(0)) agent.destroy();
	await server.close();
});

function agentOf(keepAlive: boolean, secure = false, maxCachedSessions = 100): Agent | SecureAgent {
	const agent = secure ? new SecureAgent({ keepAlive, ca, maxCachedSessions }) : new Agent({ keepAlive });
	agents.push(agent);
	return agent;
}

function open(url: string, agent: Agent | SecureAgent, body?: unknown, more = {}): ClientRequest {
	const send = url.startsWith('https') ? secureRequest : request;
	const method = body === undefined ? 'GET' : 'POST';
	const headers = { 'content-type': 'application/json', ...more };
	const sent = send(url, { agent, method, headers });
	// A reset after the response is told to the response's reader; the request repeats it to whoever listens.
	sent.on('error', () => {});
	sent.end(body === undefined ? undefined : JSON.stringify(body));
	return sent;
}

async function call(
	url: string,
	agent: Agent | SecureAgent,
	body?: unknown,
	headers = {},
): Promise<{ status: number; headers: IncomingMessage['headers']; text: string }> {
	const [response] = (await once(open(url, agent, body, headers), 'response')) as [IncomingMessage];
	let text = '';
	for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
	return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** What travels through sockets arrives when it arrives: looks again until it has. */
async function until(condition: () => boolean): Promise<void> {
	await vi.waitUntil(condition, { interval: 1, timeout: 5000 });
}

/** Walks into parsed JSON; a step into nothing is undefined. */
function at(value: unknown, ...path: Array<string | number>): unknown {
	let inner = value;
	for (const step of path) {
		if (typeof inner !== 'object' || inner === null) return undefined;
		inner = (inner as Record<string | number, unknown>)[step];
	}
	return inner;
}

const contentOf = (json: unknown) => at(json, 'choices', 0, 'message', 'content');

const BEARER = { authorization: `Bearer ${STAND_IN_KEY}` };
const chat = (content: string, more = {}) => ({
	model: 'gpt-4o-mini',
	messages: [{ role: 'user', content }],
	...more,
});

async function ask(body: unknown, headers: object = BEARER, path = '/v1/chat/completions') {
	const answer = await call(server.url + path, agentOf(false), body, headers);
	return { ...answer, json: JSON.parse(answer.text) as unknown };
}

describe('counting connections', () => {
	test('twenty requests over a keep-alive agent are one connection', async () => {
		const agent = agentOf(true);
		for (let turn = 0; turn < 20; turn += 1) await call(`${server.url}/api/packages/0`, agent);
		const { connections, calls, requests } = server.counters();
		expect(connections.http).toEqual({ opened: 1, open: 1, maxOpen: 1 });
		expect(calls).toEqual({ 'GET /api/packages/:i': 20 });
		expect(requests).toBe(20);
	});

	test('without keep-alive every request opens its own', async () => {
		const agent = agentOf(false);
		for (let turn = 0; turn < 20; turn += 1) await call(`${server.url}/api/packages/1`, agent);
		await until(() => server.counters().connections.http.open === 0);
		expect(server.counters().connections.http).toEqual({ opened: 20, open: 0, maxOpen: 1 });
	});

	test('requests at the same time show as the most open', async () => {
		const agent = agentOf(false);
		server.setBehaviour({ hang: true });
		for (let turn = 0; turn < 8; turn += 1) open(`${server.url}/echo`, agent, {});
		await until(() => server.counters().inFlight === 8);
		const { connections, maxInFlight, distinctBodies } = server.counters();
		expect(connections.http.maxOpen).toBe(8);
		expect(maxInFlight).toBe(8);
		expect(distinctBodies).toEqual({ 'POST /echo': 1 });
	});

	test('a connection that never sends a request counts as well', async () => {
		const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
		await once(socket, 'connect');
		await until(() => server.counters().connections.http.opened === 1);
		socket.destroy();
		await until(() => server.counters().connections.http.open === 0);
	});

	test('reading the counters over HTTP does not change them', async () => {
		const agent = agentOf(false);
		await call(`${server.url}/echo`, agent, { a: 1 });
		const before = server.counters();
		for (let turn = 0; turn < 5; turn += 1) await call(`${server.url}/__counters`, agent);
		const seen = JSON.parse((await call(`${server.url}/__counters`, agent)).text) as unknown;
		expect(server.counters().connections.http).toEqual({ ...before.connections.http, open: 0 });
		expect(seen).toMatchObject({ requests: 1, connections: { http: { opened: 1, maxOpen: 1 } } });
	});

	test('a reset starts from zero but keeps what is open', async () => {
		await call(`${server.url}/echo`, agentOf(true), { a: 1 });
		server.reset();
		expect(server.counters()).toMatchObject({
			requests: 0,
			calls: {},
			connections: { http: { opened: 0, open: 1, maxOpen: 1 } },
		});
	});
});

describe('counting handshakes', () => {
	test('a kept connection shakes hands once', async () => {
		const agent = agentOf(true, true);
		for (let turn = 0; turn < 5; turn += 1) await call(`${server.httpsUrl}/api/packages/0`, agent);
		const { handshakes, connections } = server.counters();
		expect(handshakes).toEqual({ full: 1, resumed: 0, failed: 0 });
		expect(connections.https.opened).toBe(1);
	});

	test('a new connection with a remembered session is a resumption', async () => {
		const agent = agentOf(false, true);
		for (let turn = 0; turn < 5; turn += 1) await call(`${server.httpsUrl}/api/packages/0`, agent);
		expect(server.counters().handshakes).toEqual({ full: 1, resumed: 4, failed: 0 });
	});

	test('without session memory every handshake is a full one', async () => {
		const agent = agentOf(false, true, 0);
		for (let turn = 0; turn < 5; turn += 1) await call(`${server.httpsUrl}/api/packages/0`, agent);
		expect(server.counters().handshakes).toEqual({ full: 5, resumed: 0, failed: 0 });
		await until(() => server.counters().connections.https.open === 0);
	});
});

describe('counting those who leave', () => {
	test('a client that goes away before the answer is an aborted request', async () => {
		server.setBehaviour({ route: '/echo', hang: true });
		const sent = open(`${server.url}/echo`, agentOf(false), { a: 1 });
		sent.on('error', () => {});
		await until(() => server.counters().inFlight === 1);
		sent.destroy();
		await until(() => server.counters().inFlight === 0);
		expect(server.counters().aborted).toBe(1);
		await call(`${server.url}/api/packages/0`, agentOf(false));
		expect(server.counters().aborted).toBe(1);
	});

	test('a client that goes away in the middle of a stream is one, too', async () => {
		server.setBehaviour({ chunkDelayMs: 20 });
		const body = chat('tag this package: streams of words', { stream: true });
		const sent = open(`${server.url}/v1/chat/completions`, agentOf(false), body, BEARER);
		const [response] = (await once(sent, 'response')) as [IncomingMessage];
		response.on('error', () => {});
		await once(response, 'data');
		sent.destroy();
		await until(() => server.counters().inFlight === 0);
		expect(server.counters()).toMatchObject({ aborted: 1, statuses: { 200: 1 } });
	});

	test('a connection that the server resets is not', async () => {
		server.setBehaviour({ times: 1, resetBeforeHeaders: true }, { resetAfterHeaders: true });
		await expect(call(`${server.url}/echo`, agentOf(false), {})).rejects.toThrow('ECONNRESET');
		await expect(call(`${server.url}/text/100`, agentOf(false))).rejects.toThrow();
		await until(() => server.counters().inFlight === 0);
		expect(server.counters()).toMatchObject({ aborted: 0, reset: 2, statuses: { 200: 1 } });
	});
});

describe('answers', () => {
	test('tags come from the text, the same ones for the same text', async () => {
		const json = { response_format: { type: 'json_object' } };
		const [first] = ITEMS;
		const question = chat(`tag this package: ${first?.description}`, json);
		const one = await ask(question);
		const two = await ask(question);
		const other = await ask(chat('tag this package: Parses command line options', json));
		const content = contentOf(one.json) as string;
		expect(JSON.parse(content)).toEqual({ tags: ['strings', 'pads', 'string', 'padding', 'left'] });
		expect(contentOf(two.json)).toBe(content);
		expect(contentOf(other.json)).toBe('{"tags":["parses","command","line","options"]}');
	});

	test('tokens are those of the usage, four characters each', async () => {
		const { json } = await ask(chat('x'.repeat(400)));
		expect(at(json, 'usage')).toMatchObject({ prompt_tokens: 100 });
		const { input, output, total } = server.counters().tokens;
		expect(input).toBe(100);
		expect(output).toBe(at(json, 'usage', 'completion_tokens'));
		expect(total).toBe(input + output);
	});

	test('a schema is kept to', async () => {
		const schema = {
			type: 'object',
			properties: { labels: { type: 'array', items: { type: 'string' }, maxItems: 2 }, n: { type: 'integer' } },
		};
		const format = { type: 'json_schema', json_schema: { name: 'tags', schema } };
		const { json } = await ask(chat('tag this: red green blue', { response_format: format }));
		expect(JSON.parse(contentOf(json) as string)).toEqual({ labels: ['red', 'green'], n: 3 });
	});

	test('wrong keys and unknown models are refused in each provider’s own words', async () => {
		const wrong = await ask(chat('hi'), { authorization: 'Bearer other' });
		expect([wrong.status, at(wrong.json, 'error', 'code')]).toEqual([401, 'invalid_api_key']);
		const unknown = await ask({ ...chat('hi'), model: 'none' });
		expect([unknown.status, at(unknown.json, 'error', 'code')]).toEqual([404, 'model_not_found']);
		const body = { model: 'claude-haiku-4-5', max_tokens: 50, messages: [{ role: 'user', content: 'hi' }] };
		const claude = { 'x-api-key': 'other', 'anthropic-version': '2023-06-01' };
		const unauthenticated = await ask(body, claude, '/v1/messages');
		expect(at(unauthenticated.json, 'error', 'type')).toBe('authentication_error');
		const google = await ask({ contents: [] }, {}, '/v1beta/models/gemini-2.5-flash:generateContent');
		expect([google.status, at(google.json, 'error', 'status')]).toEqual([403, 'PERMISSION_DENIED']);
	});

	test('Anthropic and Gemini answer the same question in their formats', async () => {
		const text = 'tag this package: fast path for fast calls';
		const claude = await ask(
			{ model: 'claude-haiku-4-5', max_tokens: 50, messages: [{ role: 'user', content: text }] },
			{ 'x-api-key': STAND_IN_KEY, 'anthropic-version': '2023-06-01' },
			'/v1/messages',
		);
		expect(claude.json).toMatchObject({
			content: [{ type: 'text', text: 'Tags: fast, path, calls' }],
			stop_reason: 'end_turn',
		});
		const google = await ask(
			{ contents: [{ role: 'user', parts: [{ text }] }] },
			{ 'x-goog-api-key': STAND_IN_KEY },
			'/v1beta/models/gemini-2.5-flash:generateContent',
		);
		expect(at(google.json, 'candidates', 0)).toMatchObject({
			content: { parts: [{ text: 'Tags: fast, path, calls' }] },
			finishReason: 'STOP',
		});
	});

	test('a stream carries the same text and ends with [DONE]', async () => {
		const body = chat('tag this package: streams of words', { stream: true });
		const { text, headers } = await call(`${server.url}/v1/chat/completions`, agentOf(false), body, BEARER);
		const events = text.trim().split('\n\n').map((line) => line.replace(/^data: /u, ''));
		expect(headers['content-type']).toBe('text/event-stream');
		expect(events.pop()).toBe('[DONE]');
		const said = events.map((event) => at(JSON.parse(event), 'choices', 0, 'delta', 'content') ?? '').join('');
		expect(said).toBe('Tags: streams, words');
	});
});

describe('behaviours', () => {
	test('the next two requests fail and the third is well', async () => {
		server.setBehaviour({ route: '/v1/chat', failNext: { count: 2, status: 429 } });
		const statuses = [await ask(chat('a')), await ask(chat('a')), await ask(chat('a'))];
		expect(statuses.map(({ status }) => status)).toEqual([429, 429, 200]);
		expect(statuses[0]?.headers['retry-after']).toBe('1');
		expect(at(statuses[0]?.json, 'error', 'code')).toBe('rate_limit_exceeded');
	});

	test('a seeded ratio of failures is the same each time', async () => {
		const run = async () => {
			server.setBehaviour({ seed: 7, failRatio: { ratio: 0.5, status: 503 } });
			const seen: number[] = [];
			for (let turn = 0; turn < 20; turn += 1) {
				seen.push((await call(`${server.url}/api/packages/0`, agentOf(false))).status);
			}
			return seen;
		};
		const first = await run();
		expect(await run()).toEqual(first);
		expect(new Set(first)).toEqual(new Set([200, 503]));
	});

	test('answers can be empty, cut short, broken or huge', async () => {
		const seen = async () => at((await ask(chat('tag this: red green blue'))).json, 'choices', 0);
		server.setBehaviour({ emptyAnswer: true });
		expect(await seen()).toMatchObject({ message: { content: '' } });
		server.setBehaviour({ truncated: true });
		expect(await seen()).toMatchObject({ finish_reason: 'length' });
		server.setBehaviour({ malformedJson: true });
		await expect(seen()).rejects.toThrow(SyntaxError);
		server.setBehaviour({ hugeBytes: 10_000_000 });
		expect((await call(`${server.url}/echo`, agentOf(false))).text.length).toBeGreaterThan(10_000_000);
	});
});
