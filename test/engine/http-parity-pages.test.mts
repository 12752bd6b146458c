import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { responseOption, rows } from '../helpers/http-node.mts';
import { expectSame, openArena, VERSIONS, type Arena, type Both } from '../helpers/parity.mts';

let arena: Arena;
let base: string;

const BODIES: Record<string, (page: number, body: string) => unknown> = {
	'/lists': (page) => (page > 2 ? [] : [{ page }, { page, second: true }]),
	'/next': (page) => (page < 3 ? { page, next: `${base}/next?page=${page + 1}` } : { page }),
	'/echo': (_page, body) => ({ body }),
	'/same': () => ({ a: 1 }),
	'/until-404': (page) => (page > 2 ? undefined : { page }),
};

beforeAll(async () => {
	arena = await openArena((request, response, body) => {
		const url = new URL(request.url ?? '', 'http://x');
		const page = Number(url.searchParams.get('page'));
		if (url.pathname === '/texts') return response.writeHead(200, { 'content-type': 'text/plain' }).end(page > 2 ? '' : `page ${page}`);
		if (url.pathname === '/broken') return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":');
		const value = BODIES[url.pathname]?.(page, body.toString());
		return response.writeHead(value === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(value ?? { no: 1 }));
	});
	base = arena.server.url;
}, 600_000);

afterAll(async () => {
	await arena.close();
});

type Options = Record<string, unknown>;

const paged = (pagination: Options, options: Options = {}) => ({ options: { pagination: { pagination }, ...options } });
const counting = (type: string, name = 'page') => ({
	paginationMode: 'updateAParameterInEachRequest',
	parameters: { parameters: [{ type, name, value: '={{ $pageCount + 1 }}' }] },
});
const following = {
	paginationMode: 'responseContainsNextURL',
	nextURL: '={{ $response.body.next }}',
	paginationCompleteWhen: 'other',
	completeExpression: '={{ !$response.body.next }}',
};
const upTo = (maxRequests: unknown) => ({ limitPagesFetched: true, maxRequests });

const same = async (parameters: Record<string, unknown>, more: Partial<Both> = {}) => {
	const pair = await arena.both({ parameters, ...more });
	expectSame(pair);
	return pair;
};

describe('pages are fetched as HTTP Request fetches them', () => {
	test.each(['autodetect', 'json', 'text'])('until one is empty, in the format %s', async (responseFormat) => {
		const { ours } = await same({ url: `${base}/lists`, ...paged({ ...counting('qs'), ...upTo(9) }, responseOption({ responseFormat })) });
		expect(ours.sent.map(({ url }) => url)).toContain('/lists?page=3');
	});
	test('as files, up to a number', async () =>
		void (await same({ url: `${base}/lists`, ...paged({ ...counting('qs'), ...upTo(2) }, responseOption({ responseFormat: 'file' })) })));
	test.each(['autodetect', 'json'])('by the address that each one names, in the format %s', async (responseFormat) => {
		const { ours } = await same({ url: `${base}/next?page=1`, ...paged(following, responseOption({ responseFormat, fullResponse: true })) });
		expect(ours.items).toHaveLength(3);
	});
	test('until a status comes', async () => {
		const plan = { ...counting('qs'), paginationCompleteWhen: 'receiveSpecificStatusCodes', statusCodesWhenComplete: '404, 410' };
		const { ours } = await same({ url: `${base}/until-404`, ...paged(plan) });
		expect(ours.items.map(({ json }) => json)).toEqual([{ page: 1 }, { page: 2 }, { no: 1 }]);
	});
	test('until the same one came again and again', async () => {
		const plan = { ...counting('qs'), paginationCompleteWhen: 'other', completeExpression: '={{ false }}' };
		const { ours, theirs } = await same({ url: `${base}/same`, ...paged(plan) });
		expect(ours.error).toBe(theirs.error);
	});
	test.each([
		['JSON fields', { sendBody: true, bodyParameters: rows(['a.b', '1'], ['page', 0]) }],
		['nothing', {}],
		['a form', { sendBody: true, contentType: 'form-urlencoded', bodyParameters: rows(['a', '1']) }],
	])('with a changing body beside %s', async (_what, body) =>
		void (await same({ method: 'POST', url: `${base}/echo`, ...body, ...paged({ ...counting('body'), ...upTo(3) }) })));
	test('with a changing header, and a pause between them', async () => {
		const startedAt = performance.now();
		const headers = { sendHeaders: true, headerParameters: rows(['X-A', '1']) };
		const { ours } = await same({ url: `${base}/same`, ...headers, ...paged({ ...counting('headers', 'X-Page'), ...upTo('={{ 2 }}'), requestInterval: 30 }) });
		expect(ours.sent.map((each) => each.headers['x-page'])).toEqual(['1', '2']);
		expect(performance.now() - startedAt).toBeGreaterThan(55);
	});
	test('by expressions over the request and the response before', async () => {
		const value = '={{ $request.qs.q + $request.headers["x-a"] + $request.method + ($response.statusCode || 0) }}';
		const parameters = { parameters: [{ type: 'qs', name: 'page', value }] };
		await same({
			url: `${base}/same`,
			sendQuery: true,
			queryParameters: rows(['q', '5']),
			sendHeaders: true,
			headerParameters: rows(['X-A', '1']),
			...paged({ paginationMode: 'updateAParameterInEachRequest', parameters, ...upTo(2) }),
		});
	});
	test('for each item', async () => {
		const { ours } = await arena.both({
			parameters: { url: `={{ "${base}/lists?item=" + $json.id }}`, ...paged({ ...counting('qs'), ...upTo(2) }) },
			input: [{ id: 'a' }, { id: 'b' }],
		});
		expect(ours.items.map(({ json, pairedItem }) => [json.page, pairedItem])).toEqual(
			[0, 1].flatMap((item) => [1, 1, 2, 2].map((page) => [page, { item }])),
		);
	});
	test('as texts', async () => void (await same({ url: `${base}/texts`, ...paged(counting('qs')) })));
	test('though their JSON is broken', async () => void (await same({ url: `${base}/broken`, ...paged({ ...counting('qs'), ...upTo(2) }) })));
	test('not at all where the mode is off', async () => void (await same({ url: `${base}/same`, ...paged({ paginationMode: 'off' }) })));
	test.each(VERSIONS)('in version %s', async (typeVersion) =>
		void (await same({ url: `${base}/next?page=1`, ...paged(following) }, { typeVersion })));
});

describe('pages that cannot be fetched', () => {
	test('for their address is none are refused in the same words', async () => {
		const { ours, theirs } = await arena.both({ parameters: { url: `${base}/next?page=1`, ...paged({ ...following, nextURL: '={{ "bad" }}' }) } });
		expect([theirs.error, ours.error]).toEqual(["'bad' is not a valid URL.", "'bad' is not a valid URL."]);
	});
	test('for the server refuses them fail with the status, and the item that stands for them has it too', async () => {
		const plan = { ...counting('qs'), paginationCompleteWhen: 'other', completeExpression: '={{ false }}' };
		const request = { url: `${base}/until-404`, ...paged(plan) };
		expect((await arena.both({ parameters: request })).ours.error).toBe('The server answered with status 404: Not Found');
		const { ours, theirs } = await arena.both({ parameters: request, node: { onError: 'continueRegularOutput' } });
		expect(ours.items[0]?.json).toMatchObject({ error: { status: 404 }, details: { httpCode: '404', body: { no: 1 } } });
		expect(theirs.items[0]?.json).toMatchObject({ error: { statusCode: 404 }, details: { httpCode: '404', body: { no: 1 } } });
	});
	test.each([
		[{ ...following, completeExpression: '' }, 'Invalid Complete Expression'],
		[{ ...following, nextURL: '' }, 'Invalid Next URL'],
		[{ ...counting('qs', '') }, 'Invalid Name of parameter 1 of the pagination'],
	])('for the option is not complete are refused by name: %#', async (plan, message) => {
		const { ours } = await arena.both({ parameters: { url: `${base}/same`, ...paged(plan) } });
		expect(ours.error).toContain(message);
		expect(ours.sent).toEqual([]);
	});
});

test('each page goes through the pipeline: what fails once is repeated', async () => {
	const seen = new Set<string>();
	const flaky = await openArena((request, response) => {
		const { url = '' } = request;
		const first = !seen.has(url);
		seen.add(url);
		if (url.includes('page=2') && first) return response.writeHead(503, { 'retry-after': '0' }).end();
		return response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":1}');
	});
	try {
		const options = paged({ ...counting('qs'), ...upTo(3) }, { maxRetries: 2, includeTrace: true });
		const result = await flaky.ours({ parameters: { url: flaky.server.url, ...options } });
		expect(result.items.map(({ json }) => (json._fastpath as { attempts: number }).attempts)).toEqual([1, 2, 1]);
		expect(result.sent).toHaveLength(4);
	} finally {
		await flaky.close();
	}
});
