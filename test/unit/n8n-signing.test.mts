import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import type { IExecuteFunctions } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { authenticatorFor } from '../../lib/n8n/authenticate.ts';
import type { HeldCredential } from '../../lib/n8n/credentials.ts';
import { fromSignOptions, toSignOptions, type SignOptions } from '../../lib/n8n/sign-options.ts';
import type { SignableRequest } from '../../lib/n8n/signing.ts';
import { foldPem } from '../../lib/n8n/ssl.ts';
import { rejection } from '../helpers/calls.mts';

const request: SignableRequest = {
	method: 'POST',
	url: 'https://api.example.com/v1',
	headers: { accept: '*/*', 'X-Mine': '1' },
	query: { q: '1' },
	body: { kind: 'json', value: { a: 1 } },
	client: { timeoutMs: 1000, rejectUnauthorized: true, followRedirects: true, tls: undefined, proxied: false },
};

const signed = (change: Partial<SignOptions>, of = request, secretQuery = new Set<string>()) => ({
	...fromSignOptions(of, { ...toSignOptions(of), ...change }, secretQuery),
	secretQuery: [...secretQuery],
});

describe('what a credential made of a request', () => {
	test('is what it was where the credential did nothing', () => {
		expect(signed({})).toEqual({ url: request.url, headers: request.headers, query: undefined, body: undefined, secretHeaders: [], secretQuery: [] });
	});

	test('has the credential\'s spelling and value of a header that both name', () => {
		const { headers, secretHeaders } = signed({ headers: { 'x-mine': 'theirs', Count: 2, gone: undefined } });
		expect(headers).toEqual({ accept: '*/*', 'x-mine': 'theirs', Count: '2' });
		expect(secretHeaders).toEqual(['x-mine', 'count']);
	});

	test.each(['url', 'uri'] as const)('goes to an address that was written to %s, whose new parameters are secret', (field) => {
		const moved = 'https://api.example.com/v1?q=1&access_token=t';
		const { url, query, secretQuery } = signed({ [field]: moved, qs: undefined as never });
		expect(url).toBe(moved);
		expect(query).toEqual({});
		expect(secretQuery).toEqual(['access_token']);
	});

	test('names a parameter secret that it added or changed, and no other', () => {
		expect(signed({ qs: { q: '1', key: 'k' } }).secretQuery).toEqual(['key']);
		expect(signed({ qs: { q: '2' } }).secretQuery).toEqual(['q']);
	});

	test('may have lost its body', () => {
		expect(signed({ body: undefined }).body).toEqual({ kind: 'none' });
	});

	test('sends the very bytes that were signed', () => {
		expect(signed({ body: '{"a":1}' }).body).toEqual({ kind: 'encoded', data: '{"a":1}' });
		const data = Buffer.from([1, 2]);
		expect(signed({}, { ...request, body: { kind: 'encoded', data } }).body).toBeUndefined();
	});

	test('takes both spellings of basic auth', () => {
		const expected = `Basic ${Buffer.from('ann:pw').toString('base64')}`;
		expect(signed({ auth: { user: 'ann', pass: 'pw' } }).headers.authorization).toBe(expected);
		expect(signed({ auth: { username: 'ann', password: 'pw' } }).headers.authorization).toBe(expected);
	});

	test('leaves the request itself alone', () => {
		const options = toSignOptions(request);
		options.headers.added = '1';
		options.qs.added = '1';
		(options.body as Record<string, unknown>).added = '1';
		expect(request).toMatchObject({ headers: { accept: '*/*', 'X-Mine': '1' }, query: { q: '1' }, body: { value: { a: 1 } } });
		expect(Object.keys(request.headers)).toHaveLength(2);
	});
});

describe('where the inside of n8n is not as we know it', () => {
	const credential: HeldCredential = { type: 'notionApi', id: 'notionApi:c1', data: {}, allowedDomains: undefined };

	function stage(answer: () => Promise<unknown>) {
		const hints: string[] = [];
		const sent: Array<Record<string, unknown>> = [];
		const context = {
			addExecutionHints: ({ message }: { message: string }) => hints.push(message),
			helpers: {
				async httpRequestWithAuthentication(type: string, options: Record<string, unknown>) {
					sent.push({ type, ...options });
					return await answer();
				},
				requestWithAuthentication: answer,
			},
		} as unknown as IExecuteFunctions;
		return { context, hints, sent };
	}

	const never = () => {
		throw new Error('Our own transport is not asked');
	};

	test('n8n itself sends the request, and a hint says so', async () => {
		const { context, hints, sent } = stage(async () => ({ statusCode: 404, headers: { a: 'b' }, body: new TextEncoder().encode('hm').buffer }));
		const response = await authenticatorFor(context, credential, 0).send(request, never);
		expect(response).toMatchObject({ status: 404, headers: { a: 'b' }, body: Buffer.from('hm'), connectionReused: null });
		expect(sent[0]).toMatchObject({ type: 'notionApi', method: 'POST', url: request.url, qs: { q: '1' }, body: { a: 1 }, timeout: 1000 });
		expect(hints).toHaveLength(1);
		expect(hints[0]).toContain('each over a connection of its own');
	});

	test('a credential that is refused is an answer of 401', async () => {
		const { context } = stage(async () => await Promise.reject(Object.assign(new Error('no'), { httpCode: '401' })));
		expect((await authenticatorFor(context, credential, 0).send(request, never)).status).toBe(401);
	});

	test('another failure is one of the credential', async () => {
		const { context } = stage(async () => await Promise.reject(new Error('no route')));
		expect(await rejection(authenticatorFor(context, credential, 0).send(request, never))).toMatchObject({
			code: 'ERR_AUTHENTICATION',
			message: 'no route',
		});
	});

	test('OAuth that does not send through us is an answer all the same, with one hint for many', async () => {
		const { context, hints } = stage(async () => ({ statusCode: 200, headers: {}, body: 'ok' }));
		const authenticator = authenticatorFor(context, { ...credential, type: 'oAuth2Api' }, 0);
		const responses = await Promise.all([1, 2, 3].map(async () => await authenticator.send(request, never)));
		expect(responses.map(({ body }) => body.toString())).toEqual(['ok', 'ok', 'ok']);
		expect(hints).toHaveLength(1);
	});
});

describe('a PEM text', () => {
	const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
	const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
	const encrypted = privateKey.export({ type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'pw' }).toString();

	test('of one line gets its line breaks back', () => {
		expect(foldPem(pem.trim().replaceAll('\n', ' '))).toBe(pem);
		expect(foldPem(pem.trim().replaceAll('\n', '\\n'))).toBe(pem);
		expect(foldPem(pem.replaceAll('\n', ''))).toBe(pem);
	});

	test('with headers of its encryption keeps them', () => {
		const folded = foldPem(encrypted.trim().replaceAll('\n', ' '));
		expect(folded).toBe(encrypted);
		expect(createPrivateKey({ key: folded, passphrase: 'pw' }).equals(privateKey)).toBe(true);
	});

	test('of two blocks keeps both', () => {
		expect(foldPem(`${pem}${pem}`.trim().replaceAll('\n', ' '))).toBe(pem + pem);
	});

	test('that has line breaks, or is none, stays as it is', () => {
		expect(foldPem(pem)).toBe(pem);
		expect(foldPem('secret')).toBe('secret');
	});
});
