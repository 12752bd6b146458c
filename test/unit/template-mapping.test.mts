import { describe, expect, test } from 'vitest';
import { FieldMapper, valueAt, type MapSettings } from '../../lib/template/map-fields.ts';
import type { FieldType, TemplateField } from '../../lib/template/record.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const field = (name: string, type: FieldType = 'any', synonyms: string[] = []): TemplateField => ({ name, type, required: false, synonyms });

function mapperOf(fields: readonly TemplateField[], settings: Partial<MapSettings> = {}): FieldMapper {
	return new FieldMapper(fields, { explicit: {}, synonyms: {}, automatic: true, ...settings }, new FakeClock());
}

const mapped = (fields: readonly TemplateField[], item: Record<string, unknown>, settings?: Partial<MapSettings>) =>
	mapperOf(fields, settings).map(item).map(({ field: name, path, score }) => [name, path?.join('.'), score]);

describe('a field of the template', () => {
	test.each<[string, string]>([
		['firstName', 'first_name'],
		['first_name', 'firstName'],
		['first_name', 'First Name'],
		['first_name', 'FIRST-NAME'],
		['größe', 'GRÖSSE'.replace('SS', 'ß')],
	])('%s is found as %s', (name, other) => {
		expect(mapped([field(name)], { other: 1, [other]: 'x' })).toEqual([[name, other, 0.9]]);
	});

	test('is taken from the same name before another spelling, and from that before a synonym', () => {
		const settings = { synonyms: { name: ['title'] } };
		expect(mapped([field('name')], { title: 1, NAME: 2, name: 3 }, settings)).toEqual([['name', 'name', 1]]);
		expect(mapped([field('name')], { title: 1, NAME: 2 }, settings)).toEqual([['name', 'NAME', 0.9]]);
		expect(mapped([field('name')], { Title: 1 }, settings)).toEqual([['name', 'Title', 0.8]]);
		expect(mapped([field('name', 'any', ['label'])], { label: 1 })).toEqual([['name', 'label', 0.8]]);
	});

	test('is taken from where the user says, whatever else there is', () => {
		expect(mapped([field('name')], { name: 1, a: { b: 2 } }, { explicit: { name: 'a.b' } })).toEqual([['name', 'a.b', 1]]);
	});

	test('is not looked for by name where that is switched off', () => {
		expect(mapped([field('name')], { name: 1 }, { automatic: false })).toEqual([['name', undefined, 0]]);
	});

	test('passes over values of another type, and says so where nothing else is left', () => {
		expect(mapped([field('count', 'number')], { count: 'three', Count: 3 })).toEqual([['count', 'Count', 0.9]]);
		expect(mapperOf([field('count', 'number')]).map({ count: 'three' })[0]?.why).toBe('"count" is a text, and a number is wanted');
		expect(mapped([field('name', 'text')], { name: 7 })).toEqual([['name', 'name', 1]]);
	});

	test.each<[Record<string, unknown>, Partial<MapSettings>, string]>([
		[{ first_name: 'a', FirstName: 1 }, {}, 'could be "first_name" (a text) or "FirstName" (a number): each is the same name in another spelling'],
		[{ title: 'a', label: 'b' }, { synonyms: { firstName: ['title', 'label'] } }, 'could be "title" (a text) or "label" (a text): each is a synonym'],
	])('that could be two things is refused with both: %j', (item, settings, message) => {
		expect(() => mapped([field('firstName')], item, settings)).toThrow(message);
	});

	test('that is nowhere is told with what there is, in bounds', () => {
		expect(mapperOf([field('name')]).map({ a: 1, b: 2 })[0]?.why).toBe('the item has a, b');
		const wide = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`f${index}`, index]));
		expect(mapperOf([field('name')]).map(wide)[0]?.why).toMatch(/ and 80 more$/);
	});
});

test('a mapping is computed once for each shape of item', () => {
	const mapper = mapperOf([field('a'), field('b', 'number')]);
	for (let index = 0; index < 50; index += 1) {
		mapper.map({ a: index, b: 1 });
		mapper.map({ a: 'text', B: index });
	}
	expect(mapper.mapped).toBe(2);
	expect(mapper.map({ b: 'text', B: 2 })[1]).toMatchObject({ path: ['B'] });
	expect(mapper.mapped).toBe(3);
});

test('a path leads through own members alone', () => {
	expect(valueAt({ a: { b: [7] } }, ['a', 'b', '0'])).toBe(7);
	expect(valueAt({ a: {} }, ['a', 'constructor'])).toBeUndefined();
	expect(valueAt({ a: 'text' }, ['a', 'length'])).toBeUndefined();
	expect(valueAt(JSON.parse('{"__proto__": 1}') as Record<string, unknown>, ['toString'])).toBeUndefined();
});
