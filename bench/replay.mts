// What similar prompts save and what they get wrong: `npm run build && node24 bench/replay.mts`.
// Pairs: every wording and near-miss of bench/data/traffic.json once. Replay: 1,000 requests after Zipf's law. Both for a
// sweep of thresholds, with the guard and without it. Writes .cache/bench/replay.json and draws it into docs/pictures.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { seeded } from '../test/helpers/seeded.mts';
import { drawSweep } from './replay-plot.mts';
import { halfOf, judgePairs, replay, THRESHOLDS, traffic, type Finder, type Group, type Half, type PairCounts, type ReplayCounts } from './replay-traffic.mts';

const require = createRequire(import.meta.url);
const { SimilarIndex } = require('../dist/lib/similar/index.js') as typeof import('../lib/similar/index.ts');
const { guardFor } = require('../dist/lib/similar/guard.js') as typeof import('../lib/similar/guard.ts');
const { systemClock } = require('../dist/lib/core/clock.js') as typeof import('../lib/core/clock.ts');
const { estimateTokens } = require('../dist/lib/ai/estimate.js') as typeof import('../lib/ai/estimate.ts');

const ROOT = path.resolve(import.meta.dirname, '..');
const REQUESTS = 1000;
const SEED = 20_240_117;
/** An answer of a few paragraphs. */
const ANSWER_TOKENS = 200;
const HOUR_MS = 3_600_000;

const groups = JSON.parse(readFileSync(path.join(ROOT, 'bench/data/traffic.json'), 'utf8')) as Group[];
const of = (half: Half) => groups.filter((group) => halfOf(group) === half);

function finder(threshold: number, guarded: boolean): Finder {
	const index = new SimilarIndex({ clock: systemClock });
	return {
		learn: (prompt) => index.add('bench', prompt, prompt, HOUR_MS),
		find: (prompt) => {
			const vetoOf = guarded ? guardFor(prompt) : () => undefined;
			return index.find('bench', prompt, threshold, 5).find((candidate) => vetoOf(candidate.prompt) === undefined)?.prompt;
		},
	};
}

/** The same stream for every finder. */
function run(one: Finder): ReplayCounts {
	return replay(traffic(groups, REQUESTS, seeded(SEED)), one, (prompt) => estimateTokens(prompt) + ANSWER_TOKENS);
}

interface Row {
	readonly threshold: number;
	readonly guarded: boolean;
	readonly tuning: PairCounts;
	readonly heldOut: PairCounts;
	readonly replay: ReplayCounts;
}

const rows: Row[] = [true, false].flatMap((guarded) =>
	THRESHOLDS.map((threshold) => ({
		threshold,
		guarded,
		tuning: judgePairs(of('tuning'), () => finder(threshold, guarded)),
		heldOut: judgePairs(of('heldOut'), () => finder(threshold, guarded)),
		replay: run(finder(threshold, guarded)),
	})),
);

const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
const line = (...cells: Array<string | number>) => console.log(cells.map((cell) => String(cell).padStart(11)).join(''));
const pairs = rows[0] ? rows[0].tuning.pairs + rows[0].heldOut.pairs : 0;
console.log(`${pairs} pairs (${rows[0]?.heldOut.pairs} held out), ${REQUESTS} requests, ${ANSWER_TOKENS} tokens per answer assumed\n`);
line('threshold', 'guard', 'hits', 'false', 'hits', 'false', 'exact', 'similar', 'calls', 'tokens', 'false');
line('', '', 'tuning', 'tuning', 'held out', 'held out', 'replay', 'replay', 'saved', 'saved', 'replay');
const nothing: Finder = { learn: () => {}, find: () => undefined };
const exactOnly = run(nothing);
line('', 'exact only', '', '', '', '', exactOnly.exact, 0, percent(exactOnly.exact, exactOnly.requests), percent(exactOnly.savedTokens, exactOnly.tokens), 0);
for (const { threshold, guarded, tuning, heldOut, replay: replayed } of rows) {
	line(
		threshold, guarded ? 'on' : 'off',
		percent(tuning.hits, tuning.same), tuning.falseHits,
		percent(heldOut.hits, heldOut.same), heldOut.falseHits,
		replayed.exact, replayed.similar, percent(replayed.exact + replayed.similar, replayed.requests),
		percent(replayed.savedTokens, replayed.tokens), replayed.falseHits,
	);
}

mkdirSync(path.join(ROOT, '.cache/bench'), { recursive: true });
writeFileSync(path.join(ROOT, '.cache/bench/replay.json'), `${JSON.stringify(rows, null, '\t')}\n`);
mkdirSync(path.join(ROOT, 'docs/pictures'), { recursive: true });
writeFileSync(path.join(ROOT, 'docs/pictures/similar-prompts.svg'), drawSweep(rows));
