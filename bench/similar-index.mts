// How long a look among 100,000 prompts takes: `npm run build && node24 bench/similar-index.mts [prompts]`.
// Two kinds of prompts: of a template over a tiny vocabulary, where every n-gram is frequent, and of distinct words.
// Each is asked in another wording. Then a look among as many embeddings as the index holds. Printed: milliseconds per look (median, p99, worst), found, heap taken.
import { createRequire } from 'node:module';
import { seeded } from '../test/helpers/seeded.mts';

const require = createRequire(import.meta.url);
const { SimilarIndex } = require('../dist/lib/similar/index.js') as typeof import('../lib/similar/index.ts');
const { VectorIndex } = require('../dist/lib/similar/vectors.js') as typeof import('../lib/similar/vectors.ts');
const { systemClock } = require('../dist/lib/core/clock.js') as typeof import('../lib/core/clock.ts');

const COUNT = Number(process.argv[2] ?? 100_000);
const SYLLABLES = {
	'tiny vocabulary': ['ka', 'lo', 'mi', 'ter', 'ban', 'shu', 'rel', 'on', 'vi', 'dra', 'ste', 'pol'],
	'distinct words': Array.from({ length: 400 }, (_, index) => `${'bcdfghklmnprstvwxz'[index % 18]}${'aeiou'[index % 5]}${'lmnrst'[index % 6]}`),
};

for (const [name, syllables] of Object.entries(SYLLABLES)) {
	const random = seeded(5);
	const word = () => Array.from({ length: 1 + random.int(4) }, () => random.pick(syllables)).join('');
	const before = process.memoryUsage().heapUsed;
	const index = new SimilarIndex({ clock: systemClock, maxEntries: COUNT, maxBytes: 2 ** 31 });
	const prompts = Array.from({ length: COUNT }, () => `Tag this package: ${Array.from({ length: 8 }, word).join(' ')}`);
	const builtAt = performance.now();
	for (const prompt of prompts) index.add('bench', prompt, prompt, 3_600_000);
	const built = (performance.now() - builtAt) / COUNT;
	const times: number[] = [];
	let found = 0;
	for (let place = 0; place < COUNT; place += Math.ceil(COUNT / 1000)) {
		const prompt = prompts[place] ?? '';
		const startedAt = performance.now();
		if (index.find('bench', `please ${prompt.toLowerCase()}!`, 0.5, 5)[0]?.key === prompt) found += 1;
		times.push(performance.now() - startedAt);
	}
	times.sort((a, b) => a - b);
	const at = (share: number) => (times[Math.floor(share * (times.length - 1))] ?? NaN).toFixed(2);
	const megabytes = ((process.memoryUsage().heapUsed - before) / 1_048_576).toFixed(0);
	const estimated = (index.stats().bytes / 1_048_576).toFixed(0);
	console.log(`${name.padEnd(18)} ${COUNT} prompts: median ${at(0.5)} ms, p99 ${at(0.99)} ms, worst ${at(1)} ms; found ${found} of ${times.length}; add ${(built * 1000).toFixed(0)} µs; heap ${megabytes} MB (estimated ${estimated} MB)`);
}

for (const dimensions of [256, 1536, 3072]) {
	const random = seeded(6);
	const vector = () => Array.from({ length: dimensions }, () => random.next() - 0.5);
	const index = new VectorIndex({ clock: systemClock });
	for (let place = 0; place < 6000; place += 1) index.add('bench', 'a prompt', vector(), String(place), 3_600_000);
	const times = Array.from({ length: 200 }, () => {
		const asked = vector();
		const startedAt = performance.now();
		index.find('bench', asked, 0.8, 5);
		return performance.now() - startedAt;
	}).sort((a, b) => a - b);
	const { entries, bytes } = index.stats();
	console.log(`${dimensions} dimensions: ${entries} embeddings, ${(bytes / 1_048_576).toFixed(0)} MB: median ${(times[100] ?? NaN).toFixed(2)} ms, worst ${(times.at(-1) ?? NaN).toFixed(2)} ms`);
}
