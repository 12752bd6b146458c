import type { LookupFunction } from 'node:net';
import { describe, expect, test } from 'vitest';
import { DnsCache } from '../../lib/http/dns.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const BOTH = [{ address: '::1', family: 6 }, { address: '127.0.0.1', family: 4 }];

function setUp(error: NodeJS.ErrnoException | null = null) {
	const clock = new FakeClock();
	const cache = new DnsCache(clock);
	const resolver = () => {
		const asked: string[] = [];
		const lookup: LookupFunction = (name, _options, callback) => {
			asked.push(name);
			setImmediate(() => callback(error, error ? '' : BOTH));
		};
		return { lookup, asked };
	};
	const { lookup, asked } = resolver();
	const find = async (name: string, through = lookup, options = { all: true }) =>
		await new Promise<unknown>((resolve) => cache.lookup(through)(name, options, (failure, address) => resolve(failure ?? address)));
	return { clock, cache, resolver, lookup, asked, find };
}

const failure = (code: string, more = {}) => Object.assign(new Error(code), { code, ...more });

describe('the DNS cache', () => {
	test('remembers for 30 seconds, in the order of the resolver', async () => {
		const { clock, find, asked } = setUp();
		expect(await find('a.test')).toEqual(BOTH);
		await clock.advance(29_999);
		expect(await find('a.test')).toEqual(BOTH);
		expect(asked).toHaveLength(1);
		await clock.advance(1);
		await find('a.test');
		expect(asked).toHaveLength(2);
	});

	test('shares one look-up between those that ask at the same time, each with a list of its own', async () => {
		const { find, asked } = setUp();
		const found = await Promise.all(Array.from({ length: 50 }, async () => await find('a.test')));
		expect(asked).toHaveLength(1);
		expect(new Set(found).size).toBe(50);
	});

	test('asks apart for other names, other terms and other look-up functions', async () => {
		const { find, asked, resolver } = setUp();
		const other = resolver();
		await find('a.test');
		await find('b.test');
		await find('a.test', undefined, { all: false });
		await find('a.test', other.lookup);
		expect([asked, other.asked]).toEqual([['a.test', 'b.test', 'a.test'], ['a.test']]);
	});

	test.each([
		['a name that does not exist, for a second', failure('ENOTFOUND', { syscall: 'getaddrinfo' }), 1],
		['no failure of the resolver', failure('EAI_AGAIN', { syscall: 'getaddrinfo' }), 2],
		['no refusal of a guard', failure('ERR_EGRESS_BLOCKED'), 2],
		['no refusal of a guard that looks like a missing name', failure('ENOTFOUND'), 2],
	])('remembers %s', async (_name, error, times) => {
		const { clock, find, asked } = setUp(error);
		expect(await find('a.test')).toBe(error);
		expect(await find('a.test')).toBe(error);
		expect(asked).toHaveLength(times);
		await clock.advance(1_000);
		await find('a.test');
		expect(asked).toHaveLength(times + 1);
	});

	test('forgets a name that could not be connected to', async () => {
		const { cache, lookup, find, asked } = setUp();
		await find('a.test');
		cache.forget('a.test', lookup);
		await find('a.test');
		expect(asked).toHaveLength(2);
	});

	test('forgets the oldest of more than 500 names', async () => {
		const { find, asked } = setUp();
		for (let name = 0; name <= 500; name += 1) await find(`${name}.test`);
		await find('500.test');
		expect(asked).toHaveLength(501);
		await find('0.test');
		expect(asked).toHaveLength(502);
	});
});
