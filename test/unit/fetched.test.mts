import { describe, expect, test } from 'vitest';
import { newTrace } from '../../lib/core/trace.ts';
import { packFetched, unpackFetched, type Fetched } from '../../nodes/shared/http/fetched.ts';

function fetched(body: Buffer, facts: Partial<Fetched['response']> = {}): Fetched {
	const timings = { waitedMs: 1, connectMs: 2, firstByteMs: 3, totalMs: 4 };
	const response = { status: 200, statusMessage: 'OK', headers: { 'content-type': 'text/plain', 'set-cookie': ['a=1', 'b=2'] }, body, url: 'http://localhost/a', redirects: 1, connectionReused: true, timings, ...facts };
	return { response, trace: { ...newTrace(), attempts: 3 }, isPage: false };
}

describe('answers that are kept', () => {
	test('come back as they were, bytes and all, with an account that says where from', () => {
		const bytes = Buffer.from(Array.from({ length: 256 }, (_byte, index) => index));
		const before = [fetched(bytes), { ...fetched(Buffer.alloc(0), { status: 204 }), isPage: true }, fetched(Buffer.from('ü', 'utf8'))];
		const after = unpackFetched(packFetched(before));
		expect(after?.map(({ response, isPage }) => [response.status, response.headers, response.url, response.body.toString('hex'), isPage])).toEqual(
			before.map(({ response, isPage }) => [response.status, response.headers, response.url, response.body.toString('hex'), isPage]),
		);
		expect(after?.[0]?.trace).toMatchObject({ journal: true, attempts: 0 });
	});

	test('are none where they were cut short, grew, or come from another version', () => {
		const packed = packFetched([fetched(Buffer.from('hello'))]);
		for (let length = 0; length < packed.length; length += 1) expect(unpackFetched(packed.subarray(0, length))).toBeUndefined();
		expect(unpackFetched(Buffer.concat([packed, Buffer.from('x')]))).toBeUndefined();
		const other = Buffer.from(packed.toString('latin1').replace('"v":1', '"v":2'), 'latin1');
		expect(unpackFetched(other)).toBeUndefined();
	});
});
