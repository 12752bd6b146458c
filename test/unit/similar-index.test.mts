import { describe, expect, test } from 'vitest';
import { SimilarIndex, type SimilarIndexOptions } from '../../lib/similar/index.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

function setUp(options: Partial<SimilarIndexOptions> = {}) {
	const clock = new FakeClock();
	return { clock, index: new SimilarIndex({ clock, ...options }) };
}

const keysOf = (index: SimilarIndex, prompt: string, threshold = 0.5, scope = 's') =>
	index.find(scope, prompt, threshold, 5).map(({ key }) => key);

/** Prompts of a template with words of a small vocabulary, as workflows make them. */
function prompts(count: number, seed: number): string[] {
	const random = seeded(seed);
	const syllables = ['ka', 'lo', 'mi', 'ter', 'ban', 'shu', 'rel', 'on', 'vi', 'dra', 'ste', 'pol'];
	const word = () => Array.from({ length: 1 + random.int(4) }, () => random.pick(syllables)).join('');
	return Array.from({ length: count }, () => `Tag this package: ${Array.from({ length: 8 }, word).join(' ')}`);
}

describe('similar prompts', () => {
	test('the closest comes first, what is below the threshold not at all', () => {
		const { index } = setUp();
		index.add('s', 'What is the capital of France?', 'france', 1000);
		index.add('s', 'What is the capital of Frankonia?', 'frankonia', 1000);
		index.add('s', 'Convert 10 km to miles', 'convert', 1000);
		const found = index.find('s', 'what is the capital of france', 0.3, 5);
		expect(found.map(({ key }) => key)).toEqual(['france', 'frankonia']);
		expect(found[0]?.similarity).toBe(1);
		expect(keysOf(index, 'what is the capital of france', 0.9)).toEqual(['france']);
	});

	test('scopes never meet', () => {
		const { index } = setUp();
		index.add('one', 'What is the capital of France?', 'k', 1000);
		expect(keysOf(index, 'What is the capital of France', 0, 'two')).toEqual([]);
	});

	test('what shares rare letters is closer than what shares frequent ones', () => {
		const { index } = setUp();
		for (let copy = 0; copy < 50; copy += 1) index.add('s', `Tag this package: item${copy}`, `t${copy}`, 1000);
		index.add('s', 'zanzibar', 'rare', 1000);
		const [first] = index.find('s', 'Tag this package: zanzibar', 0, 5);
		expect(first?.key).toBe('rare');
	});

	test('a removed, an expired and an evicted prompt are not found', async () => {
		const { clock, index } = setUp({ maxEntries: 2 });
		index.add('s', 'first prompt of all', 'a', 100);
		index.add('s', 'second prompt in line', 'b', 1000);
		index.remove('b');
		expect(keysOf(index, 'second prompt in line')).toEqual([]);
		expect(keysOf(index, 'first prompt of all')).toEqual(['a']);
		await clock.advance(100);
		expect(keysOf(index, 'first prompt of all')).toEqual([]);
		index.sweep();
		expect(index.stats()).toEqual({ entries: 0, bytes: 0 });
		for (const name of ['c', 'd', 'e']) index.add('s', `the prompt named ${name}${name}${name}`, name, 1000);
		expect(keysOf(index, 'the prompt named ccc', 0.9)).toEqual([]);
		expect(keysOf(index, 'the prompt named eee', 0.9)).toEqual(['e']);
	});

	test('a prompt that is learnt again lives on, and stands in the index once', async () => {
		const { clock, index } = setUp();
		index.add('s', 'a prompt that comes back', 'k', 100);
		await clock.advance(60);
		index.add('s', 'a prompt that comes back', 'k', 100);
		await clock.advance(60);
		expect(keysOf(index, 'a prompt that comes back')).toEqual(['k']);
	});

	test('a prompt of several thousand characters is left to the exact cache', () => {
		const { index } = setUp();
		index.add('s', 'long '.repeat(900), 'k', 1000);
		expect(index.stats().entries).toBe(0);
	});

	test('bounds hold after every operation of a random sequence, and emptied it takes no bytes', async () => {
		const maxBytes = 60_000;
		const { clock, index } = setUp({ maxEntries: 40, maxBytes });
		const random = seeded(3);
		const texts = prompts(200, 11);
		for (let step = 0; step < 3000; step += 1) {
			const text = random.pick(texts);
			const what = random.int(10);
			if (what < 7) index.add(`s${random.int(3)}`, text, text, 1 + random.int(500));
			else if (what === 7) index.remove(text);
			else if (what === 8) await clock.advance(random.int(20));
			else index.sweep();
			const { entries, bytes } = index.stats();
			expect(entries).toBeLessThanOrEqual(40);
			expect(bytes).toBeLessThanOrEqual(maxBytes);
			expect(bytes).toBeGreaterThanOrEqual(0);
		}
		await clock.advance(1000);
		index.sweep();
		expect(index.stats()).toEqual({ entries: 0, bytes: 0 });
	});

	test('among 10,000 prompts of a tiny vocabulary a look-up finds the changed copy of nearly each', () => {
		const { index } = setUp();
		const all = prompts(10_000, 5);
		for (const text of all) index.add('s', text, text, 1000);
		const asked = all.filter((_, place) => place % 50 === 0);
		const found = asked.filter((text) => keysOf(index, `please ${text.toLowerCase()}!`)[0] === text);
		expect(found.length).toBeGreaterThanOrEqual(asked.length * 0.9);
	});
});
