import { describe, expect, test } from 'vitest';
import { directivesOf, httpDate, type Fields } from '../../lib/cache/fields.ts';
import * as rules from '../../lib/cache/rfc9111.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();
const cc = (value: string, more: Fields = {}): Fields => ({ 'cache-control': value, ...more });

describe('Cache-Control (RFC 9111 section 5.2)', () => {
	test.each([
		['max-age=5', [['max-age', '5']]],
		['MAX-AGE=5', [['max-age', '5']]],
		['max-age="5"', [['max-age', '5']]],
		['a, b=1,, c="x, \\"y\\"" , d', [['a', undefined], ['b', '1'], ['c', 'x, "y"'], ['d', undefined]]],
		['max-age=5, max-age=9', [['max-age', '5']]],
		['max-age =5, public', [['public', undefined]]],
		['', []],
	])('%s is read as it is meant', (text, directives) => {
		expect([...directivesOf(cc(text))]).toEqual(directives);
	});

	test('a field that comes in several lines is one list', () => {
		expect([...directivesOf({ 'cache-control': ['public', 'max-age=1'] }).keys()]).toEqual(['public', 'max-age']);
	});

	test('a long line of rubbish is read in no time', () => {
		const started = performance.now();
		directivesOf(cc('"'.repeat(50_000) + ',='.repeat(20_000)));
		expect(performance.now() - started).toBeLessThan(1000);
	});
});

describe('dates (RFC 9110 section 5.6.7)', () => {
	test.each([
		['Sun, 06 Nov 1994 08:49:37 GMT', 784111777000],
		['sun, 06 nov 1994 08:49:37 gmt', 784111777000],
		['Sunday, 06-Nov-94 08:49:37 GMT', 784111777000],
		['Sun Nov  6 08:49:37 1994', 784111777000],
		['Monday, 01-Jan-70 00:00:00 GMT', Date.UTC(2070, 0, 1)],
		['0', NaN],
		['Sun, 06 Nov 1994 08:49:37 UTC', NaN],
		['Sun, 6 Nov 1994 08:49:37 GMT', NaN],
	])('%s', (text, expected) => {
		expect(httpDate(text, NOW)).toBe(expected);
	});
});

describe('what may be stored (section 3)', () => {
	test.each<[string, Fields, number, Fields, boolean]>([
		['a 200 that says nothing', {}, 200, {}, true],
		['a response with no-store', {}, 200, cc('no-store, max-age=60'), false],
		['a response to a request with no-store', cc('no-store'), 200, cc('max-age=60'), false],
		['a private response, for this cache is private', {}, 200, cc('private, max-age=60'), true],
		['a response to a request with Authorization', { authorization: 'x' }, 200, cc('max-age=60'), true],
		['a 404 that says how long', {}, 404, cc('max-age=60'), true],
		['a 302 that says nothing', {}, 302, {}, false],
		['a 302 that says how long', {}, 302, cc('max-age=60'), true],
		['a part', {}, 206, cc('max-age=60'), false],
		['a refusal of the credential', {}, 401, cc('max-age=60'), false],
		['a refusal for now', {}, 429, cc('max-age=60'), false],
		['a failure of the server', {}, 503, cc('max-age=60'), false],
		['what differs by more than the request says', {}, 200, { vary: 'accept, *', ...cc('max-age=60') }, false],
		['a known status with must-understand beside no-store', {}, 200, cc('must-understand, no-store, max-age=60'), true],
		['an unknown status with must-understand', {}, 299, cc('must-understand, max-age=60'), false],
	])('%s', (_name, request, status, response, storable) => {
		expect(rules.isStorable(request, status, response)).toBe(storable);
	});
});

describe('for how long a response is fresh (section 4.2.1)', () => {
	test.each<[string, number, Fields, number]>([
		['max-age', 200, cc('max-age=60'), 60],
		['max-age goes before Expires', 200, cc('max-age=60', { expires: at(5) }), 60],
		['s-maxage means shared caches only', 200, cc('s-maxage=60'), 0],
		['an unreadable max-age counts as none left', 200, cc('max-age=1.5', { expires: at(60) }), 0],
		['Expires counts from Date', 200, { date: at(-10), expires: at(50) }, 60],
		['Expires counts from the arrival where Date is missing', 200, { expires: at(60) }, 60],
		['an Expires of 0 is the past', 200, { expires: '0' }, 0],
		['an Expires in the past is the past', 200, { date: at(0), expires: at(-60) }, 0],
		['a tenth of the time since the last change', 200, { date: at(0), 'last-modified': at(-1000) }, 100],
		['no guess is longer than a day', 200, { date: at(0), 'last-modified': at(-100 * 86_400) }, 86_400],
		['no guess for a status that does not allow it', 302, { date: at(0), 'last-modified': at(-1000) }, 0],
		['a guess for any status with public', 299, cc('public', { date: at(0), 'last-modified': at(-1000) }), 100],
		['nothing where nothing is said', 200, {}, 0],
		['no more than 2^31 seconds', 200, cc('max-age=99999999999'), 2 ** 31],
	])('%s', (_name, status, response, seconds) => {
		expect(rules.lifetimeMs(status, response, NOW)).toBe(seconds * 1000);
	});
});

describe('how old a response is when it comes (section 4.2.3)', () => {
	test.each<[string, Fields, number]>([
		['nothing said, nothing added', {}, 0],
		['the difference to Date', { date: at(-7) }, 7],
		['a Date in the future counts as now', { date: at(70) }, 0],
		['Age, and the time that the response took', { age: '10', date: at(0) }, 12],
		['the larger of both', { age: '1', date: at(-9) }, 9],
		['the first of several ages', { age: '10, 99' }, 12],
		['an unreadable age counts as none', { age: '-5' }, 0],
	])('%s', (_name, response, seconds) => {
		expect(rules.initialAgeMs(response, NOW - 2000, NOW)).toBe(seconds * 1000);
	});
});

describe('whether a stored response is used (sections 4.2 and 5.2.1, RFC 5861)', () => {
	test.each<[string, string | undefined, string, number, rules.Verdict]>([
		['fresh', undefined, 'max-age=60', 59, 'fresh'],
		['as old as its lifetime', undefined, 'max-age=60', 60, 'validate'],
		['no-cache in the response', undefined, 'no-cache, max-age=60', 1, 'validate'],
		['no-cache in the request', 'no-cache', 'max-age=60', 1, 'validate'],
		['older than the request takes', 'max-age=5', 'max-age=60', 6, 'validate'],
		['not older than the request takes', 'max-age=5', 'max-age=60', 4, 'fresh'],
		['a max-age of the request that cannot be read', 'max-age=x', 'max-age=60', 4, 'validate'],
		['not fresh for as long as the request wants', 'min-fresh=10', 'max-age=60', 55, 'validate'],
		['stale, as far as the request takes it', 'max-stale=10', 'max-age=60', 65, 'stale'],
		['staler than the request takes it', 'max-stale=10', 'max-age=60', 75, 'validate'],
		['however stale', 'max-stale', 'max-age=60', 9999, 'stale'],
		['must-revalidate goes before max-stale', 'max-stale', 'max-age=60, must-revalidate', 61, 'validate'],
		['must-revalidate goes before stale-while-revalidate', undefined, 'max-age=60, must-revalidate, stale-while-revalidate=9', 61, 'validate'],
		['within stale-while-revalidate', undefined, 'max-age=60, stale-while-revalidate=9', 69, 'refresh'],
		['beyond stale-while-revalidate', undefined, 'max-age=60, stale-while-revalidate=9', 70, 'validate'],
	])('%s', (_name, request, response, age, verdict) => {
		const freshness = { directives: directivesOf(cc(response)), lifetimeMs: 60_000, ageMs: age * 1000 };
		expect(rules.judge(request === undefined ? {} : cc(request), freshness)).toBe(verdict);
	});

	test('Pragma: no-cache asks anew where there is no Cache-Control (section 5.4)', () => {
		const freshness = { directives: directivesOf({}), lifetimeMs: 60_000, ageMs: 0 };
		expect(rules.judge({ pragma: 'no-cache' }, freshness)).toBe('validate');
		expect(rules.judge({ pragma: 'no-cache', ...cc('x') }, freshness)).toBe('fresh');
	});

	test.each<[string, Fields, string, number, boolean]>([
		['not without leave', {}, 'max-age=60', 61, false],
		['with the leave of the response', {}, 'max-age=60, stale-if-error=9', 69, true],
		['no longer than that', {}, 'max-age=60, stale-if-error=9', 70, false],
		['with the leave of the request', cc('stale-if-error=9'), 'max-age=60', 69, true],
		['never past must-revalidate', {}, 'max-age=60, must-revalidate, stale-if-error=9', 61, false],
		['never where each use must be confirmed', {}, 'no-cache, max-age=60, stale-if-error=9', 61, false],
	])('a stale response stands in for a failure: %s', (_name, request, response, age, stands) => {
		expect(rules.mayStandIn(request, { directives: directivesOf(cc(response)), lifetimeMs: 60_000, ageMs: age * 1000 })).toBe(stands);
	});
});

describe('conditions (sections 4.3.1 and 4.3.2)', () => {
	test('both validators are sent, and no date that is none', () => {
		expect(rules.conditionsOf({ etag: 'W/"a"', 'last-modified': at(0) })).toEqual({ 'if-none-match': 'W/"a"', 'if-modified-since': at(0) });
		expect(rules.conditionsOf({ 'last-modified': 'yesterday' })).toEqual({});
	});

	test.each<[Fields, Fields, boolean]>([
		[{ 'if-none-match': '"a"' }, { etag: '"a"' }, true],
		[{ 'if-none-match': 'W/"a"' }, { etag: '"a"' }, true],
		[{ 'if-none-match': '"x", "a"' }, { etag: 'W/"a"' }, true],
		[{ 'if-none-match': '*' }, { etag: '"a"' }, true],
		[{ 'if-none-match': '"b"' }, { etag: '"a"' }, false],
		[{ 'if-none-match': '"b"', 'if-modified-since': at(9) }, { etag: '"a"', 'last-modified': at(0) }, false],
		[{ 'if-modified-since': at(0) }, { 'last-modified': at(0) }, true],
		[{ 'if-modified-since': at(-1) }, { 'last-modified': at(0) }, false],
		[{ 'if-modified-since': 'yesterday' }, { 'last-modified': at(0) }, false],
	])('%j of %j: %s', (request, stored, holds) => {
		expect(rules.holdsFor(request, stored, NOW)).toBe(holds);
	});

	test('a 304 with another tag speaks of another response', () => {
		expect(rules.confirms({ etag: '"b"' }, { etag: '"a"' })).toBe(false);
		expect(rules.confirms({ etag: 'W/"a"' }, { etag: '"a"' })).toBe(true);
		expect(rules.confirms({}, { etag: '"a"' })).toBe(true);
	});
});

describe('stored headers (sections 3.1 and 3.2)', () => {
	test('what speaks of the connection is not stored', () => {
		const headers = { connection: 'close, X-Hop', 'x-hop': '1', 'transfer-encoding': 'chunked', upgrade: 'h2c', 'x-kept': '1' };
		expect(rules.storedHeaders(headers)).toEqual({ 'x-kept': '1' });
	});

	test('a 304 brings the headers up to date, but not those of the content', () => {
		const stored = { etag: '"a"', 'content-length': '9', 'content-type': 'text/plain', age: '50', 'x-old': '1', 'cache-control': 'max-age=1' };
		const update = { etag: '"a"', 'content-length': '0', 'content-type': 'text/html', 'cache-control': 'max-age=9', 'x-new': '1', connection: 'close' };
		expect(rules.updatedHeaders(stored, update)).toEqual({
			etag: '"a"', 'content-length': '9', 'content-type': 'text/plain', 'cache-control': 'max-age=9', 'x-old': '1', 'x-new': '1',
		});
	});
});

describe('invalidation and selection', () => {
	test('an unsafe request ends the addresses of the same origin that its response names (section 4.4)', () => {
		const url = 'https://a.test/items';
		expect(rules.alsoInvalid(url, { location: '/items/7', 'content-location': 'https://a.test/all' })).toEqual([
			'https://a.test/items/7', 'https://a.test/all',
		]);
		expect(rules.alsoInvalid(url, { location: 'https://b.test/items/7' })).toEqual([]);
	});

	test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'FOO'])('%s is unsafe', (method) => expect(rules.isUnsafe(method)).toBe(true));

	test('white space around commas does not select another response, a missing field does (section 4.1)', () => {
		expect(rules.selecting({ a: 'x ,  y' }, ['a'])).toEqual(rules.selecting({ a: ['x', 'y'] }, ['a']));
		expect(rules.selecting({}, ['a'])).not.toEqual(rules.selecting({ a: '' }, ['a']));
	});
});
