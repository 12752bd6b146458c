import { describe, expect, test } from 'vitest';
import { schemaBreach } from '../../lib/ai/schema';

const PERSON = {
	type: 'object',
	properties: {
		name: { type: 'string', minLength: 1 },
		age: { type: ['integer', 'null'], minimum: 0 },
		tags: { type: 'array', items: { enum: ['a', 'b'] }, maxItems: 2 },
		parent: { $ref: '#' },
		size: { $ref: '#/$defs/size' },
	},
	required: ['name'],
	additionalProperties: false,
	$defs: { size: { oneOf: [{ const: 'small' }, { type: 'number' }] } },
};

describe('a value against a schema', () => {
	test.each([
		[{ name: 'Ada' }],
		[{ name: 'Ada', age: null, tags: ['a', 'b'], parent: { name: 'Byron', parent: { name: 'x' } }, size: 'small' }],
		[{ name: 'Ada', age: 3, tags: [], size: 7 }],
	])('keeps to it: %j', (value) => {
		expect(schemaBreach(value, PERSON)).toBeUndefined();
	});

	test.each([
		[[], '$ is not of type object'],
		[{}, '$.name is missing'],
		[{ name: '' }, '$.name has the wrong length'],
		[{ name: 'Ada', age: 1.5 }, '$.age is not of type integer or null'],
		[{ name: 'Ada', age: -1 }, '$.age is out of bounds'],
		[{ name: 'Ada', tags: ['a', 'c'] }, '$.tags[1] is not one of the allowed values'],
		[{ name: 'Ada', tags: ['a', 'b', 'a'] }, '$.tags has the wrong number of entries'],
		[{ name: 'Ada', parent: { name: 3 } }, '$.parent.name is not of type string'],
		[{ name: 'Ada', size: 'large' }, '$.size does not fit exactly one of oneOf'],
		[{ name: 'Ada', other: 1 }, '$.other is not allowed'],
	])('breaks it: %j', (value, breach) => {
		expect(schemaBreach(value, PERSON)).toBe(breach);
	});

	test('a schema that refers to nothing but itself ends', () => {
		expect(schemaBreach(1, { $ref: '#' })).toBeUndefined();
	});

	test('what is not known lets pass', () => {
		expect(schemaBreach('x', { format: 'email', pattern: '^y', $ref: 'https://example.com/schema' })).toBeUndefined();
		expect(schemaBreach('x', true)).toBeUndefined();
	});
});
