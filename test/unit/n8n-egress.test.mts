import type { INode } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { egressFor } from '../../lib/n8n/egress.ts';
import { rejection } from '../helpers/calls.mts';

const node = { name: 'HTTP' } as INode;

/** n8n's filter, with this verdict on every address. */
function filtered(verdict: { ok: true } | { ok: false; error: Error }, thrown?: Error) {
	const validateUrl = async () => await (thrown ? Promise.reject(thrown) : Promise.resolve(verdict));
	const filter = { validateUrl, validateConnectionHost: () => verdict, createSecureLookup: () => () => {} };
	return egressFor({ getNode: () => node, helpers: { getSecureEgressFilter: () => filter as never } });
}

describe('where requests may go', () => {
	test('is anywhere without n8n\'s protection', async () => {
		const egress = egressFor({ getNode: () => node, helpers: {} });
		expect([egress.active, await egress.validateUrl('http://127.0.0.1/')]).toEqual([false, undefined]);
	});

	test('is what n8n\'s protection lets pass', async () => {
		await filtered({ ok: true }).validateUrl('http://a.test/');
		const egress = filtered({ ok: false, error: new Error('restricted') });
		expect(await rejection(egress.validateUrl('http://a.test/'))).toMatchObject({ code: 'ERR_EGRESS_BLOCKED', message: 'restricted', retryable: false });
		expect(() => egress.validateHost?.('127.0.0.1')).toThrow('restricted');
	});

	test.each([
		['ENOTFOUND', false, 'is not known'],
		['EAI_AGAIN', true, 'could not be resolved for now'],
	])('is not the question where the name does not resolve: %s', async (code, retryable, message) => {
		const error = Object.assign(new Error(`getaddrinfo ${code} a.test`), { code, syscall: 'getaddrinfo' });
		for (const egress of [filtered({ ok: false, error }), filtered({ ok: true }, error)]) expect(await rejection(egress.validateUrl('http://a.test/x?key=s3cret'))).toMatchObject({
			code: 'ERR_NETWORK', systemCode: code, retryable, unprocessed: true, outage: true, message: `No connection to a.test: the host name ${message}`,
		});
	});

	test('is nowhere when n8n fails to judge', async () => {
		expect(await rejection(filtered({ ok: true }, new TypeError('bug')).validateUrl('http://a.test/'))).toMatchObject({ code: 'ERR_EGRESS_BLOCKED' });
	});
});
