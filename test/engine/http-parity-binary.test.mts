import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { echo, rows } from '../helpers/http-node.mts';
import { expectSame, openArena, VERSIONS, type Arena, type Both } from '../helpers/parity.mts';

let arena: Arena;

beforeAll(async () => {
	arena = await openArena(echo);
}, 600_000);

afterAll(async () => {
	await arena.close();
});

const BYTES = Buffer.from([0, 255, 13, 10, 45, 45, 128, 65]);
const file = (extra: Record<string, unknown> = {}) => ({ mimeType: 'image/png', fileName: 'a "b".png', data: BYTES.toString('base64'), ...extra });
const input = [
	{ json: { id: 1 }, binary: { data: file(), nameless: file({ fileName: undefined }) } },
	{ json: { id: 2 }, binary: { data: file({ mimeType: 'text/plain', fileName: 'folder/ä.txt' }), nameless: file({ fileName: undefined }) } },
];

const same = async (parameters: Record<string, unknown>, more: Partial<Both> = {}) => {
	const request = { method: 'POST', url: `${arena.server.url}/upload`, sendBody: true, ...parameters };
	const pair = await arena.both({ parameters: request, input, ...more });
	// Items are sent at the same time, so they arrive in any order.
	const sort = (side: typeof pair.ours) => side.sent.sort((a, b) => a.body.length - b.body.length || a.body.localeCompare(b.body));
	expectSame({ theirs: { ...pair.theirs, items: [], sent: sort(pair.theirs) }, ours: { ...pair.ours, items: [], sent: sort(pair.ours) } });
	return pair;
};

const fields = { parameters: [
	{ parameterType: 'formData', name: 'text', value: 'ä\r\nx' },
	{ parameterType: 'formBinaryData', name: 'file "1"', inputDataFieldName: 'data' },
	{ parameterType: 'formBinaryData', name: 'second', inputDataFieldName: 'nameless' },
	{ parameterType: 'formBinaryData', name: 'second', inputDataFieldName: 'data' },
	{ parameterType: 'formBinaryData', name: 'never', inputDataFieldName: '={{ "" }}' },
	{ parameterType: 'formData', name: 'text', value: 'last' },
] };

describe('a binary body', () => {
	const binary = { contentType: 'binaryData', inputDataFieldName: 'data' };
	test('is sent as it is, under the type of the file', async () => {
		const { ours } = await same(binary);
		expect(ours.sent.map(({ body }) => Buffer.from(body, 'latin1'))).toEqual([BYTES, BYTES]);
		expect(ours.sent[0]?.headers['content-length']).toBe(String(BYTES.length));
	});
	test('has the content type of the user where there is one', async () =>
		void (await same({ ...binary, sendHeaders: true, headerParameters: rows(['Content-Type', 'application/x-own']) })));
	test.each(['PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])('is the same in a %s request', async (method) => void (await same({ ...binary, method })));
	test('that is not there fails the item', async () => {
		const { ours } = await same({ ...binary, inputDataFieldName: 'none' }, { node: { onError: 'continueRegularOutput' } });
		expect(ours.items).toHaveLength(2);
		expect(ours.sent).toEqual([]);
	});
});

describe('a multipart body', () => {
	test.each([4.2, 4.3, 4.4, 4.5])('with files is the same in version %s', async (typeVersion) => {
		const { parameters } = fields;
		const sendable = { parameters: parameters.filter(({ name }) => name !== 'never') };
		await same({ contentType: 'multipart-form-data', bodyParameters: sendable }, { typeVersion });
	});
	test.each(VERSIONS)('with one file is the same in version %s', async (typeVersion) => {
		const bodyParameters = { parameters: fields.parameters.slice(0, 2) };
		await same({ contentType: 'multipart-form-data', bodyParameters }, { typeVersion });
	});
	test('replaces a content type of the user', async () =>
		void (await same({
			contentType: 'multipart-form-data',
			bodyParameters: { parameters: fields.parameters.slice(0, 2) },
			sendHeaders: true,
			headerParameters: rows(['Content-Type', 'multipart/form-data']),
		})));
});
