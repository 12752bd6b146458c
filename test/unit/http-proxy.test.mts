import { describe, expect, test } from 'vitest';

import { proxyFor } from '../../lib/http/proxy.ts';

describe('the proxy that the environment names', () => {
	test.each([
		['http://a.example', { HTTP_PROXY: 'http://p:1' }, 'http://p:1'],
		['https://a.example', { HTTP_PROXY: 'http://p:1' }, undefined],
		['https://a.example', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1'],
		['https://a.example', { https_proxy: 'http://lower', HTTPS_PROXY: 'http://upper' }, 'http://lower'],
		['https://a.example', { https_proxy: '', HTTPS_PROXY: 'http://upper' }, 'http://upper'],
		['http://a.example', { ALL_PROXY: 'http://all' }, 'http://all'],
		['http://a.example', { all_proxy: 'http://all', http_proxy: 'http://own' }, 'http://own'],
		['http://a.example', { http_proxy: 'p:8080' }, 'http://p:8080'],
		['ftp://a.example', { ALL_PROXY: 'http://all' }, undefined],
		['not an address', { ALL_PROXY: 'http://all' }, undefined],
		['http://a.example', {}, undefined],
	])('%s with %j: %s', (url, environment, expected) => {
		expect(proxyFor(url, environment)).toBe(expected);
	});

	test.each([
		['*', 'http://a.example', true],
		['a.example', 'http://a.example', true],
		['A.Example', 'http://a.example', true],
		['example', 'http://a.example', false],
		['a.example', 'http://b.a.example', false],
		['.example', 'http://a.example', true],
		['.a.example', 'http://a.example', false],
		['*.example', 'http://a.example', true],
		['*ample', 'http://a.example', true],
		['a.example:80', 'http://a.example', true],
		['a.example:443', 'http://a.example', false],
		['a.example:443', 'https://a.example', true],
		['.example:8080', 'http://a.example:8080', true],
		['b.example, a.example', 'http://a.example', true],
		['b.example a.example', 'http://a.example', true],
		['127.0.0.1', 'http://127.0.0.1:5678', true],
		['127.0.0.0/8', 'http://127.0.0.1', false],
		['::1', 'http://[::1]:5678', true],
		['[::1]', 'http://[::1]', true],
		['[::1]:5678', 'http://[::1]', false],
		[' , ', 'http://a.example', false],
	])('NO_PROXY=%s exempts %s: %s', (list, url, exempt) => {
		const proxy = proxyFor(url, { ALL_PROXY: 'http://p', NO_PROXY: list });
		expect(proxy).toBe(exempt ? undefined : 'http://p');
	});
});
