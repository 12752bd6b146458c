import { afterAll, beforeAll, expect, test } from 'vitest';
import { responseOption } from '../helpers/http-node.mts';
import { expectSame, openArena, type Arena } from '../helpers/parity.mts';

let arena: Arena;

const BODIES: Record<string, string> = {
	'/records': '{"records":[{"id":1,"user":{"name":"x","age":2}},{"id":2,"user":{"name":"y","age":3}}],"total":2}',
	'/list': '[{"id":1,"b":2},{"id":2,"b":3}]',
};

beforeAll(async () => {
	arena = await openArena(
		(request, response) => {
			response.setHeader('content-type', request.headers['x-type'] ?? 'application/json');
			response.end(BODIES[request.url ?? '']);
		},
		{ asTool: true },
	);
}, 600_000);

afterAll(async () => {
	await arena.close();
});

const asTool = (path: string, more: Record<string, unknown>) => ({
	parameters: { url: arena.server.url + path, optimizeResponse: true, responseType: 'json', ...more },
});

test.each([
	['/records', {}],
	['/records', { dataField: 'records' }],
	['/records', { dataField: 'total' }],
	['/list', { dataField: 'b' }],
	['/list', { fieldsToInclude: 'selected', fields: 'id' }],
	['/records', { dataField: 'records', fieldsToInclude: 'selected', fields: 'id, user.name, none' }],
	['/records', { dataField: 'records', fieldsToInclude: 'except', fields: 'user.name,id' }],
	['/records', { dataField: 'records', ...{ options: responseOption({ responseFormat: 'json', fullResponse: true }) } }],
	['/records', { dataField: 'records', ...{ options: responseOption({ responseFormat: 'text' }) } }],
	['/records', { dataField: 'records', sendHeaders: true, headerParameters: { parameters: [{ name: 'X-Type', value: 'text/plain' }] } }],
	['/records', { dataField: 'nowhere' }],
])('a tool gives the same part of %s with %j', async (path, more) => {
	expectSame(await arena.both(asTool(path, more)));
});

test.each(['html', 'text'])('a tool refuses to shorten %s', async (responseType) => {
	const { ours } = await arena.both(asTool('/records', { responseType }));
	expect(ours.error).toContain('Invalid Expected Response Type');
	expect(ours.sent).toEqual([]);
});
