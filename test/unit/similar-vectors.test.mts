import { describe, expect, test } from 'vitest';
import { VectorIndex } from '../../lib/similar/vectors.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const setUp = (options: { maxEntries?: number; maxBytes?: number } = {}) => {
	const clock = new FakeClock();
	return { clock, index: new VectorIndex({ clock, ...options }) };
};

describe('the index of embeddings', () => {
	test('finds by the cosine, whatever the length, the closest first, and no more than asked for', () => {
		const { index } = setUp();
		index.add('s', 'east', [10, 0], 'e', 1000);
		index.add('s', 'north-east', [1, 1], 'ne', 1000);
		index.add('s', 'north', [0, 0.1], 'n', 1000);
		const found = index.find('s', [5, 0], 0.5, 5);
		expect(found.map(({ key }) => key)).toEqual(['e', 'ne']);
		expect(found[0]?.similarity).toBeCloseTo(1, 6);
		expect(found[1]?.similarity).toBeCloseTo(Math.SQRT1_2, 6);
		expect(index.find('s', [5, 0], 0.5, 1)).toHaveLength(1);
	});

	test('scopes never meet, and neither do vectors of different lengths', () => {
		const { index } = setUp();
		index.add('a', 'x', [1, 0], 'k', 1000);
		expect(index.find('b', [1, 0], 0, 5)).toEqual([]);
		expect(index.find('a', [1, 0, 0], 0, 5)).toEqual([]);
	});

	test('forgets with the answer: when its time is over, and when it is gone', async () => {
		const { clock, index } = setUp();
		index.add('s', 'x', [1], 'k', 100);
		index.add('s', 'y', [1], 'l', 1000);
		await clock.advance(100);
		expect(index.find('s', [1], 0, 5).map(({ key }) => key)).toEqual(['l']);
		index.sweep();
		expect(index.stats().entries).toBe(1);
		index.remove('l');
		expect(index.stats()).toEqual({ entries: 0, bytes: 0 });
	});

	test('takes no vector of no length, and no prompt that carries a document', () => {
		const { index } = setUp();
		index.add('s', 'x', [0, 0], 'a', 1000);
		index.add('s', 'x', [Number.NaN, 1], 'b', 1000);
		index.add('s', 'x'.repeat(4001), [1, 0], 'c', 1000);
		expect(index.stats().entries).toBe(0);
	});

	test('never exceeds its bounds, whatever is added and removed, and lets the oldest go first', () => {
		const random = seeded(3);
		const { index } = setUp({ maxEntries: 20, maxBytes: 12_000 });
		for (let step = 0; step < 3000; step += 1) {
			const key = String(random.int(60));
			if (random.int(5) === 0) index.remove(key);
			else index.add(`s${random.int(4)}`, 'p'.repeat(random.int(200)), Array.from({ length: 1 + random.int(40) }, () => random.int(9) - 4), key, 1000);
			expect(index.stats().entries).toBeLessThanOrEqual(20);
			expect(index.stats().bytes).toBeLessThanOrEqual(12_000);
		}
		for (let key = 100; key < 120; key += 1) index.add('t', 'p', [1], String(key), 1000);
		expect(index.find('t', [1], 0, 99)).toHaveLength(20);
		index.add('t', 'p', [1], 'newest', 1000);
		expect(index.find('t', [1], 0, 99).map(({ key }) => key)).not.toContain('100');
		index.clear();
		expect(index.stats()).toEqual({ entries: 0, bytes: 0 });
	});
});
