import { describe, expect, test } from 'vitest';
import { HttpCachePolicy, type HttpCacheOptions, type HttpMessage } from '../../lib/cache/http-policy.ts';
import { MemoryStore } from '../../lib/cache/memory-store.ts';
import { Background } from '../../lib/core/background.ts';
import { HttpStatusError } from '../../lib/core/errors.ts';
import type { CallContext, RequestFacts } from '../../lib/core/policy.ts';
import { childController } from '../../lib/core/signal.ts';
import { newContext, outage, rejection } from '../helpers/calls.mts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

class Refused extends HttpStatusError {
	readonly response: HttpMessage;

	constructor(response: HttpMessage) {
		super({ status: response.status, headers: response.headers, body: null });
		this.response = response;
	}
}

function fromMessage(message: HttpMessage): HttpMessage {
	if (message.status >= 300) throw new Refused(message);
	return message;
}

type Reply = Partial<Omit<HttpMessage, 'body'>> & { body?: string };

function setUp(changes: Partial<HttpCacheOptions> = {}) {
	const clock = new FakeClock();
	const store = new MemoryStore({ clock });
	const random = seeded(1);
	const background = new Background(2);
	const detachedSignal = (timeoutMs: number) => ({
		signal: childController().controller.signal, deadlineAt: clock.now() + timeoutMs, release: () => {},
	});
	const policyFor = (credential: string) =>
		new HttpCachePolicy(
			{
				scope: { credential, origin: 'https://a.test', partition: 'p' },
				refreshTimeoutMs: 1000,
				toMessage: (outcome) => (outcome instanceof Refused ? outcome.response : outcome instanceof Error ? undefined : (outcome as HttpMessage)),
				fromMessage,
				...changes,
			},
			{ store, background, detachedSignal, clock, random },
		);
	const policy = policyFor('none');
	const asked: CallContext[] = [];
	let reply: Reply | Error = {};
	const ask = async (request: Partial<RequestFacts> = {}, by = policy) => {
		const context = newContext({ request: { method: 'GET', url: 'https://a.test/x', headers: {}, ...request } });
		const answer = by.execute(async (inward) => {
			asked.push(inward);
			if (reply instanceof Error) throw reply;
			const { body = `answer ${asked.length}`, ...facts } = reply;
			const message = { status: 200, statusMessage: '', headers: {}, url: 'https://a.test/x', redirects: 0, ...facts, body: Buffer.from(body) };
			return fromMessage(message);
		}, context);
		const value = await answer;
		return { body: value.body.toString(), headers: value.headers, status: value.status, cache: context.trace.cache };
	};
	const serve = (next: Reply | Error) => {
		reply = next;
	};
	return { clock, policy, policyFor, asked, ask, serve, store };
}

const headers = (cacheControl: string, more: Record<string, string> = {}) => ({ headers: { 'cache-control': cacheControl, ...more } });

describe('the HTTP cache', () => {
	test('answers from what is fresh, and says how old it is', async () => {
		const { ask, serve, clock, asked } = setUp();
		serve(headers('max-age=60'));
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'miss' });
		await clock.advance(5_400);
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'hit', headers: { age: '5' } });
		expect(asked).toHaveLength(1);
	});

	test('asks with the validators of what is stale, and serves it when it is confirmed', async () => {
		const { ask, serve, clock, asked } = setUp();
		serve(headers('max-age=60', { etag: '"a"' }));
		await ask();
		await clock.advance(61_000);
		serve({ status: 304, ...headers('max-age=90', { etag: '"a"' }) });
		expect(await ask()).toMatchObject({ body: 'answer 1', status: 200, cache: 'revalidated' });
		expect(asked[1]?.request?.headers).toEqual({ 'if-none-match': '"a"' });
		await clock.advance(80_000);
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'hit' });
		expect(asked).toHaveLength(2);
	});

	test.each([['of another tag', { headers: { etag: '"b"' } }], ['from another place', { redirects: 1 }]])(
		'takes no confirmation %s, and asks without a condition',
		async (_name, changes) => {
			const { ask, serve, clock, asked } = setUp();
			serve(headers('max-age=1', { etag: '"a"' }));
			await ask();
			await clock.advance(2_000);
			serve({ status: 304, ...changes });
			expect(await rejection(ask())).toMatchObject({ status: 304 });
			expect(asked.map(({ request }) => request?.headers)).toEqual([{}, { 'if-none-match': '"a"' }, {}]);
		},
	);

	test('keeps what varies apart, and does not mind what does not', async () => {
		const { ask, serve, asked } = setUp();
		serve(headers('max-age=60', { vary: 'Accept-Language' }));
		await ask({ headers: { 'Accept-Language': 'de', 'x-other': '1' } });
		await ask({ headers: { 'accept-language': 'fr' } });
		expect(await ask({ headers: { 'accept-language': 'de' } })).toMatchObject({ body: 'answer 1', cache: 'hit' });
		expect(await ask({ headers: { 'accept-language': 'fr' } })).toMatchObject({ body: 'answer 2', cache: 'hit' });
		expect(asked).toHaveLength(2);
	});

	test('never answers across credentials or callers', async () => {
		const { ask, serve, asked, policyFor } = setUp();
		serve(headers('max-age=60'));
		await ask();
		await ask({}, policyFor('other'));
		await ask({ identity: 'tenant 7' });
		expect(asked).toHaveLength(3);
		expect(await ask({ identity: 'tenant 7' })).toMatchObject({ body: 'answer 3' });
	});

	test.each([
		['a POST that succeeds', 'POST', { status: 201 }, 'miss'],
		['a DELETE that is redirected', 'DELETE', { status: 303 }, 'miss'],
		['a POST that is refused', 'POST', { status: 409 }, 'hit'],
		['an OPTIONS', 'OPTIONS', {}, 'hit'],
	])('after %s the next GET is a %s', async (_name, method, reply, cache) => {
		const { ask, serve } = setUp();
		serve(headers('max-age=60'));
		await ask();
		serve(reply);
		await ask({ method }).catch(() => {});
		serve({});
		expect((await ask()).cache).toBe(cache);
	});

	test('a variant from before an unsafe request does not come back with the next answer', async () => {
		const { ask, serve } = setUp();
		serve(headers('max-age=60', { vary: 'accept' }));
		await ask({ headers: { accept: 'a' } });
		await ask({ method: 'PUT' });
		await ask({ headers: { accept: 'b' } });
		expect((await ask({ headers: { accept: 'a' } })).cache).toBe('miss');
	});

	test('a stored answer stands in for an outage where the server allows it, and for nothing else', async () => {
		const { ask, serve, clock } = setUp();
		serve(headers('max-age=1, stale-if-error=60'));
		await ask();
		await clock.advance(5_000);
		serve(outage());
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'stale' });
		serve({ status: 404 });
		expect(await rejection(ask())).toMatchObject({ status: 404 });
		serve(outage());
		expect(await rejection(ask())).toMatchObject({ code: 'ERR_NETWORK' });
	});

	test('a stale answer is served at once and renewed behind it', async () => {
		const { ask, serve, clock, asked } = setUp();
		serve(headers('max-age=1, stale-while-revalidate=60'));
		await ask();
		await clock.advance(5_000);
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'stale' });
		await settle();
		expect(await ask()).toMatchObject({ body: 'answer 2', cache: 'hit' });
		expect(asked).toHaveLength(2);
	});

	test('a stored status that is an error is given as one', async () => {
		const { ask, serve, asked } = setUp();
		serve({ status: 404, ...headers('max-age=60') });
		expect(await rejection(ask())).toMatchObject({ status: 404 });
		serve({});
		expect(await rejection(ask())).toMatchObject({ status: 404 });
		expect(asked).toHaveLength(1);
	});

	test('HEAD is answered by a stored GET, without its body, and stores nothing itself', async () => {
		const { ask, serve, asked } = setUp();
		serve(headers('max-age=60'));
		await ask({ method: 'HEAD' });
		await ask();
		expect(await ask({ method: 'HEAD' })).toMatchObject({ body: '', cache: 'hit' });
		expect(asked).toHaveLength(2);
	});

	test('what is redirected, asks for a range or comes without facts is not stored', async () => {
		const { ask, serve, asked, policy } = setUp();
		serve({ ...headers('max-age=60'), redirects: 1 });
		await ask();
		serve(headers('max-age=60'));
		await ask({ headers: { range: 'bytes=0-1' } });
		await policy.execute(async () => await Promise.resolve('x'), newContext());
		expect((await ask()).cache).toBe('miss');
		expect(asked).toHaveLength(3);
	});

	test('only-if-cached asks nobody and fails with 504', async () => {
		const { ask, asked } = setUp();
		expect(await rejection(ask({ headers: { 'cache-control': 'only-if-cached' } }))).toMatchObject({ status: 504 });
		expect(asked).toHaveLength(0);
	});

	test("the caller's own condition is answered from what is fresh", async () => {
		const { ask, serve } = setUp();
		serve(headers('max-age=60', { etag: '"a"' }));
		await ask();
		expect(await rejection(ask({ headers: { 'if-none-match': '"a"' } }))).toMatchObject({ status: 304 });
		expect(await ask({ headers: { 'if-none-match': '"b"' } })).toMatchObject({ status: 200, cache: 'hit' });
	});

	test('an answer that was under way while an unsafe request went through is not kept', async () => {
		const { ask, serve, clock, policy } = setUp();
		serve(headers('max-age=1'));
		await ask();
		await clock.advance(2_000);
		let finish = () => {};
		const slow = policy.execute(
			async () => {
				await new Promise<void>((resolve) => { finish = resolve; });
				return { status: 200, statusMessage: '', headers: { 'cache-control': 'max-age=60' }, url: '', redirects: 0, body: Buffer.from('before') };
			},
			newContext({ request: { method: 'GET', url: 'https://a.test/x', headers: {} } }),
		);
		await settle();
		await ask({ method: 'POST' });
		finish();
		await slow;
		expect(await ask()).toMatchObject({ cache: 'miss' });
	});

	test('a fixed time holds whatever the server says, for 2xx only', async () => {
		const { ask, serve, clock, asked } = setUp({ ttlMs: 10_000 });
		serve(headers('no-store', { vary: '*' }));
		await ask();
		expect(await ask()).toMatchObject({ body: 'answer 1', cache: 'hit' });
		expect((await ask({ headers: { accept: 'text/csv' } })).cache).toBe('miss');
		await clock.advance(10_001);
		expect((await ask()).cache).toBe('miss');
		await ask({ method: 'POST' });
		expect((await ask()).cache).toBe('miss');
		serve({ status: 404, ...headers('max-age=60') });
		await rejection(ask({ url: 'https://a.test/y' }));
		await rejection(ask({ url: 'https://a.test/y' }));
		expect(asked).toHaveLength(7);
	});
});
