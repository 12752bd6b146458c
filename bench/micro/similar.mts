/** A look among many prompts, in another wording, and among many embeddings. */
import type { Bench } from '../harness/bench.mts';
import { quantile } from '../harness/stats.mts';
import { seeded } from '../../test/helpers/seeded.mts';

/** Of a tiny vocabulary every n-gram is frequent, which is the worst case. */
const VOCABULARIES = {
	'tiny vocabulary': ['ka', 'lo', 'mi', 'ter', 'ban', 'shu', 'rel', 'on', 'vi', 'dra', 'ste', 'pol'],
	'distinct words': Array.from({ length: 400 }, (_, index) => `${'bcdfghklmnprstvwxz'[index % 18]}${'aeiou'[index % 5]}${'lmnrst'[index % 6]}`),
};
const DIMENSIONS = [256, 1536, 3072];
const HOUR_MS = 3_600_000;

export default async function similar(bench: Bench): Promise<void> {
	const { SimilarIndex } = bench.lib('similar/index') as typeof import('../../lib/similar/index.ts');
	const { VectorIndex } = bench.lib('similar/vectors') as typeof import('../../lib/similar/vectors.ts');
	const { systemClock: clock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const counts = bench.pick({ smoke: [100, 200], default: [1000, 10_000, 100_000], full: [1000, 10_000, 100_000, 1_000_000] });
	const looks = bench.pick({ smoke: 20, default: 300, full: 1000 });
	const series = [];
	for (const [name, syllables] of Object.entries(VOCABULARIES)) {
		const random = seeded(5);
		const word = () => Array.from({ length: 1 + random.int(4) }, () => random.pick(syllables)).join('');
		const points: Array<readonly [number, number]> = [];
		for (const count of counts) {
			const index = new SimilarIndex({ clock, maxEntries: count, maxBytes: 2 ** 32 });
			const prompts = Array.from({ length: count }, () => `Tag this package: ${Array.from({ length: 8 }, word).join(' ')}`);
			const before = process.cpuUsage();
			for (const prompt of prompts) index.add('bench', prompt, prompt, HOUR_MS);
			const { user, system } = process.cpuUsage(before);
			const { rows } = await bench.compare({ id: `prompts-${name.replace(' ', '-')}-${count}`, title: `${name}, ${count.toLocaleString('en-US')} prompts`, unit: 'ms per look' }, [{
				name: 'look for another wording',
				round: async () => {
					const asked = Array.from({ length: looks }, () => random.pick(prompts));
					const found = asked.map((prompt) => timed(() => index.find('bench', `please ${prompt.toLowerCase()}!`, 0.5, 5)[0]?.key === prompt));
					const times = found.map(({ ms }) => ms);
					return {
						value: quantile(times, 0.5),
						also: { 'p99 ms': quantile(times, 0.99), 'found %': (100 * found.filter(({ result }) => result).length) / looks, 'µs to add one': (user + system) / count },
					};
				},
			}], { rounds: bench.pick({ smoke: 1, default: 5, full: 7 }), warmUp: 1 });
			points.push([count, rows[0]?.median ?? NaN]);
		}
		series.push({ name, points });
	}
	bench.plot({ id: 'prompts', title: 'A look for another wording, by the number of prompts', x: 'prompts', y: 'ms', logX: true, logY: true, series });

	const held = bench.pick({ smoke: 50, default: 3000, full: 6000 });
	await bench.compare({ id: 'vectors', title: `nearest of ${held.toLocaleString('en-US')} embeddings`, unit: 'ms per look' }, DIMENSIONS.map((dimensions) => {
		const random = seeded(6);
		const vector = () => Array.from({ length: dimensions }, () => random.next() - 0.5);
		const index = new VectorIndex({ clock });
		for (let place = 0; place < held; place += 1) index.add('bench', 'a prompt', vector(), String(place), HOUR_MS);
		const asked = Array.from({ length: 20 }, vector);
		return {
			name: `${dimensions.toLocaleString('en-US')} dimensions`,
			round: async () => {
				const times = asked.map((one) => timed(() => index.find('bench', one, 0.8, 5)).ms);
				return { value: quantile(times, 0.5), also: { 'MB held': index.stats().bytes / 2 ** 20 } };
			},
		};
	}));
}

function timed<T>(work: () => T): { readonly ms: number; readonly result: T } {
	const startedAt = performance.now();
	const result = work();
	return { ms: performance.now() - startedAt, result };
}
