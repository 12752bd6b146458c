import { describe, expect, test } from 'vitest';
import { digestAuthorization, DigestSession, parseDigestChallenge } from '../../lib/http/digest.ts';

const ACCOUNT = { user: 'Mufasa', password: 'Circle of Life' };
const NONCE = '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v';
const CNONCE = 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ';
const OPAQUE = 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS';
const REQUEST = { method: 'GET', uri: '/dir/index.html', count: 1, cnonce: CNONCE };

const challenge = (algorithm: string) =>
	`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="${NONCE}", opaque="${OPAQUE}"`;

function answer(header: string, account = ACCOUNT, request = REQUEST): string {
	const parsed = parseDigestChallenge(header);
	expect(parsed).toBeDefined();
	return parsed ? digestAuthorization(parsed, account, request) : '';
}

const field = (header: string, name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(header)?.[1];

describe('the answer to a Digest challenge', () => {
	test.each([
		['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
		['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
	])('is that of RFC 7616 section 3.9.1 for %s', (algorithm, response) => {
		const header = answer(challenge(algorithm));
		expect(field(header, 'response')).toBe(response);
		expect(header).toBe(
			`Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=${algorithm}, nonce="${NONCE}", ` +
				`nc=00000001, cnonce="${CNONCE}", qop=auth, response="${response}", opaque="${OPAQUE}"`,
		);
	});

	test('is that of RFC 7616 section 3.9.2, as corrected by erratum 4897, for SHA-512-256 with a hashed user name', () => {
		const header = answer(
			'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, ' +
				'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
			{ user: 'J\u00E4s\u00F8n Doe', password: 'Secret, or not?' },
			{ method: 'GET', uri: '/doe.json', count: 1, cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v' },
		);
		expect(field(header, 'username')).toBe('793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b');
		expect(field(header, 'response')).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
		expect(header).toContain('userhash=true');
	});

	test('is that of RFC 2069 where the server knows no qop', () => {
		const header = answer(
			'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
			{ user: 'Mufasa', password: 'CircleOfLife' },
			REQUEST,
		);
		expect(field(header, 'response')).toBe('1949323746fe6a43ef61f9606e7febea');
		expect(header).not.toMatch(/\b(nc|cnonce|qop|algorithm)=/);
	});

	test('escapes quotes in names', () => {
		expect(answer(challenge('MD5'), { user: 'a"b\\c', password: '' })).toContain('username="a\\"b\\\\c"');
	});

	test('mixes the nonces into the secret for a session algorithm', () => {
		expect(field(answer(challenge('MD5-sess')), 'response')).not.toBe(field(answer(challenge('MD5')), 'response'));
	});
});

describe('a challenge', () => {
	test.each([
		['among others in one line', 'Basic realm="a, Digest b", Digest realm="r", nonce="n", qop="auth", Bearer x="y"'],
		['spelled in small letters', 'digest realm=r,nonce=n,qop=auth'],
	])('is found %s', (_where, header) => {
		expect(parseDigestChallenge(header)).toMatchObject({ realm: 'r', nonce: 'n', qop: 'auth' });
	});

	test('is the first that can be answered', () => {
		const header = ['Negotiate', 'Digest realm="r", nonce="1", algorithm=FUTURE-1', 'Digest realm="r", nonce="2", algorithm=SHA-256'];
		expect(parseDigestChallenge(header)).toMatchObject({ nonce: '2', algorithm: 'SHA-256' });
	});

	test.each([undefined, 'Basic realm="r"', 'Digest realm="r"', 'Digest realm="r", nonce="n", qop="auth-int"'])('%j is none', (header) => {
		expect(parseDigestChallenge(header)).toBeUndefined();
	});

	test('of great length is parsed in no time', () => {
		const started = performance.now();
		parseDigestChallenge(`Digest ${'a=b, '.repeat(20_000)}"`);
		parseDigestChallenge(`Digest ${'a'.repeat(50_000)}`);
		parseDigestChallenge(`Digest a="${'\\'.repeat(50_000)}`);
		parseDigestChallenge(' , '.repeat(30_000));
		expect(performance.now() - started).toBeLessThan(1000);
	});
});

describe('a session', () => {
	const url = 'https://api.example.com/items?page=2';

	test('counts the uses of a nonce, and starts anew with another', () => {
		const session = new DigestSession(ACCOUNT, () => 'c');
		expect(session.authorize('GET', url)).toBeUndefined();
		expect(session.challenge(url, challenge('MD5'))).toBe(true);
		const counts = () => field(session.authorize('GET', url) ?? '', 'nc');
		expect([counts(), counts()]).toEqual(['00000001', '00000002']);
		session.challenge(url, challenge('MD5'));
		expect(counts()).toBe('00000003');
		session.challenge(url, 'Digest realm="r", nonce="fresh", qop="auth"');
		expect(counts()).toBe('00000001');
		expect(field(session.authorize('GET', url) ?? '', 'uri')).toBe('/items?page=2');
	});

	test('keeps to the origin that asked', () => {
		const session = new DigestSession(ACCOUNT);
		session.challenge(url, challenge('MD5'));
		expect(session.authorize('GET', 'https://other.example.com/items')).toBeUndefined();
	});

	test('does not take up what it cannot answer', () => {
		expect(new DigestSession(ACCOUNT).challenge(url, 'Basic realm="r"')).toBe(false);
	});
});
