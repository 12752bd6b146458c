import { describe, expect, test } from 'vitest';
import { setPath } from '../../nodes/shared/http/paths.ts';

describe('a path', () => {
	test.each([
		['a', { a: 1 }],
		['a.b.c', { a: { b: { c: 1 } } }],
		['a[0]', { a: [1] }],
		['a.0.b', { a: [{ b: 1 }] }],
		['a["b.c"].d', { a: { 'b.c': { d: 1 } } }],
		["a['x']", { a: { x: 1 } }],
		['[0].a', { 0: { a: 1 } }],
		['ä ö', { 'ä ö': 1 }],
		['.', { '.': 1 }],
	])('%s is placed', (path, expected) => {
		const target = {};
		setPath(target, path, 1);
		expect(target).toEqual(expected);
	});

	test('adds to what is there, and replaces what is no object', () => {
		const target = { a: { b: 1 }, c: 'text' };
		setPath(target, 'a.d', 2);
		setPath(target, 'c.e', 3);
		expect(target).toEqual({ a: { b: 1, d: 2 }, c: { e: 3 } });
	});

	test('leaves alone what it was given on the way', () => {
		const item = { k: [{ of: 1 }] };
		const target = { a: item };
		setPath(target, 'a.k[0].x', 'y');
		setPath(target, 'a.k[1].z', 'y');
		expect(target).toEqual({ a: { k: [{ of: 1, x: 'y' }, { z: 'y' }] } });
		expect(item).toEqual({ k: [{ of: 1 }] });
	});

	test.each(['__proto__.polluted', 'constructor.prototype.polluted', 'a["__proto__"].polluted'])('%s reaches nothing', (path) => {
		setPath({}, path, 'yes');
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
	});
});
