import { describe, expect, test } from 'vitest';
import { movedTo } from '../../nodes/PooledHttp/operations/origins.ts';
import { toSteadiness } from '../../nodes/PooledHttp/steadiness.ts';

describe('an address at another origin', () => {
	test.each([
		['http://a.test/x?y=1#z', 'https://b.test:8443', 'https://b.test:8443/x?y=1'],
		['http://user:s3cret@a.test/x', 'http://b.test', 'http://b.test/x'],
		['http://user:s3cret@a.test/x', 'http://a.test', 'http://user:s3cret@a.test/x'],
		['http://a.test', 'http://b.test', 'http://b.test/'],
	])('%s at %s is %s', (address, origin, moved) => {
		expect(movedTo(address, origin)).toBe(moved);
	});
});

describe('what steadies calls', () => {
	test('is nothing where the user asks for nothing', () => {
		expect(toSteadiness({})).toEqual({ balance: undefined, hedge: undefined, connectMs: undefined, headersMs: undefined, bodyIdleMs: undefined });
		expect(toSteadiness({ alternativeOrigins: {}, hedgedRequests: 'off', connectTimeout: 0 })).toEqual(toSteadiness({}));
	});

	test('is read with its units', () => {
		const alternativeOrigins = { origin: [{ origin: ' https://b.test/ ', weight: 2 }, { origin: 'http://c.test:8080' }] };
		const options = { alternativeOrigins, healthCheckPath: '/up', healthCheckSeconds: 5, hedgedRequests: 'fixed', hedgeAfter: 70, bodyIdleTimeout: 9 };
		expect(toSteadiness(options)).toMatchObject({
			balance: {
				origins: [{ origin: 'https://b.test', weight: 2 }, { origin: 'http://c.test:8080', weight: 1 }],
				strategy: 'roundRobin',
				probe: { path: '/up', intervalMs: 5000 },
			},
			hedge: { after: 70 },
			bodyIdleMs: 9,
		});
	});

	test.each([
		[{ alternativeOrigins: { origin: [{ origin: '' }] } }, 'Alternative Origins'],
		[{ alternativeOrigins: { origin: [{ origin: 'https://b.test/?x=1' }] } }, 'Alternative Origins'],
		[{ alternativeOrigins: { origin: [{ origin: 'https://user:s3cret@b.test' }] } }, 'Alternative Origins'],
		[{ alternativeOrigins: { origin: [{ origin: 'https://b.test', weight: 0 }] } }, 'Weight'],
		[{ alternativeOrigins: { origin: [{ origin: 'https://b.test' }] }, loadBalancing: 'best' }, 'Load Balancing'],
		[{ alternativeOrigins: { origin: [{ origin: 'https://b.test' }] }, healthCheckPath: '//evil.test' }, 'Health Check Path'],
		[{ hedgedRequests: 'fixed', hedgeAfter: 0 }, 'Hedge After'],
		[{ connectTimeout: -1 }, 'Connect Timeout'],
	])('is refused by name: %j', (options, name) => {
		expect(() => toSteadiness(options)).toThrow(`Invalid ${name}: expected`);
		expect(() => toSteadiness(options)).not.toThrow('s3cret');
	});
});
