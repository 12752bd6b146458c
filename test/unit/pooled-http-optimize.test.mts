import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { optimized, toOptimization, type Optimization } from '../../nodes/PooledHttp/optimize.ts';

/** n8n's own lodash: what it does with paths is what the fields are measured by. */
const require = createRequire(createRequire(import.meta.url).resolve('n8n-core'));
const { get, set, unset } = require('lodash') as {
	get(from: unknown, path: string): unknown;
	set(to: object, path: string, value: unknown): object;
	unset(from: unknown, path: string): boolean;
};

const plan = (more: Partial<Optimization> = {}): Optimization => ({ dataField: undefined, include: 'all', fields: [], ...more });
const reader = (values: Record<string, unknown>) => (name: string) => values[name];

const ITEM = { id: 1, user: { name: 'x', tags: ['a', 'b'], 'e.mail': 'm' }, 'user.name': 'dotted', note: null };
const PATHS = ['id', 'user.name', 'user.tags[1]', 'user.tags', 'note', 'missing', 'user.missing.deep', 'user["e.mail"]'];

describe('a response for a model', () => {
	test('is left whole where nobody asked', () => expect(toOptimization(reader({}))).toBeUndefined());

	test('is a list, whatever it was', () => {
		expect(optimized({ a: 1 }, plan())).toEqual([{ a: 1 }]);
		expect(optimized([1, 2], plan())).toEqual([1, 2]);
	});

	test('is what one field holds', () => {
		expect(optimized({ data: [1, 2] }, plan({ dataField: 'data' }))).toEqual([1, 2]);
		expect(optimized({ data: 5 }, plan({ dataField: 'data' }))).toEqual([5]);
		expect(optimized([{ data: 1 }, {}], plan({ dataField: 'data' }))).toEqual([1, undefined]);
		expect(() => optimized({ other: 1 }, plan({ dataField: 'data' }))).toThrow('Target field "data" not found in response.');
	});

	test.each(PATHS)('keeps the field %s alone, as lodash reads and writes it', (path) => {
		expect(optimized(ITEM, plan({ include: 'selected', fields: [path] }))).toEqual([set({}, path, get(ITEM, path))]);
	});

	test.each(PATHS.filter((path) => path !== 'user.name'))('leaves out the field %s alone, as lodash does', (path) => {
		const expected = structuredClone(ITEM);
		unset(expected, path);
		expect(optimized(ITEM, plan({ include: 'except', fields: [path] }))).toEqual([expected]);
	});

	test('is not touched itself', () => {
		const before = structuredClone(ITEM);
		optimized(ITEM, plan({ include: 'except', fields: ['id', 'user.name'] }));
		expect(ITEM).toEqual(before);
	});

	test('reads names with commas between them', () => {
		const values = { optimizeResponse: true, responseType: 'json', fieldsToInclude: 'selected', fields: 'a, b.c', dataField: '' };
		expect(toOptimization(reader(values))).toEqual({ dataField: undefined, include: 'selected', fields: ['a', 'b.c'] });
	});

	test.each(['html', 'text'])('is refused where it is %s', (responseType) => {
		expect(() => toOptimization(reader({ optimizeResponse: true, responseType }))).toThrow(
			'Invalid Expected Response Type: expected JSON (for HTML and text use HTTP Request)',
		);
	});

	test('is refused where it is no object', () => expect(() => optimized('x', plan())).toThrow('must be an object'));
});
