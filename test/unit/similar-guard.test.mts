import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawSweep } from '../../bench/replay-plot.mts';
import { halfOf, judgePairs, THRESHOLDS, type Group } from '../../bench/replay-traffic.mts';
import { guardFor } from '../../lib/similar/guard.ts';
import { SimilarIndex } from '../../lib/similar/index.ts';
import { readingOf } from '../../lib/similar/reading.ts';
import { similarOptions } from '../../nodes/CachedAiCall/similar.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TRAFFIC = JSON.parse(readFileSync(path.join(ROOT, 'bench/data/traffic.json'), 'utf8')) as Group[];
const DEFAULT_THRESHOLD = similarOptions.find(({ name }) => name === 'similarThreshold')?.default as number;

describe('the guard lets pass', () => {
	test.each([
		['What is the capital of France?', 'please tell me what the capital of France is'],
		['How do I sort a list in Python?', 'In Python, how can I sort a list?'],
		['Give me 5 names', 'Please give me five names!'],
		['Summarise the following text', 'Can you summarize this text'],
		["What's the difference between TCP and UDP?", 'what is the distinction between TCP and UDP'],
		['Sell 1,000 shares', 'sell 1000 shares'],
	])('%s ~ %s', (one, other) => {
		expect(guardFor(one)(other)).toBeUndefined();
		expect(guardFor(other)(one)).toBeUndefined();
	});
});

describe('the guard stops', () => {
	test.each([
		['numbers', 'Wait 5 minutes', 'Wait 15 minutes'],
		['numbers', 'Is -5 cold?', 'Is 5 cold?'],
		['numbers', 'Pay 1.5 of it', 'Pay 15 of it'],
		['numbers', 'Read all pages', 'Read some pages'],
		['units', 'Run 5 km', 'Run 5 miles'],
		['units', 'Convert celsius to fahrenheit', 'Convert fahrenheit to celsius'],
		['dates', 'Meet on Monday', 'Meet on Tuesday'],
		['negation', 'Is it allowed', 'Is it not allowed'],
		['negation', 'You can park here', "You can't park here"],
		['opposites', 'Enable the feature', 'Disable the feature'],
		['opposites', 'Sort ascending', 'Sort descending'],
		['quoted', 'Say "Hi"', 'Say "Ho"'],
		['quoted', "Say 'Hi'", "Say 'hi'"],
		['code', 'Explain `a`', 'Explain `b`'],
		['code', 'What is C++?', 'What is C?'],
		['code', 'Find the bug: f(a, b) { return a - b }', 'Find the bug: f(a, b) { return b - a }'],
		['code', 'What is 5 - 3?', 'What is 5 / 3?'],
		['urls', 'Open https://a.test/x', 'Open https://a.test/y'],
		['urls', 'Write to a@example.com', 'Write to b@example.com'],
		['names', 'Who is Alice', 'Who is Bob'],
		['names', 'Is it Polish', 'Is it polish'],
		['comparison', 'Is it better than tea', 'Is it better as tea'],
		['order', 'prefer tea over coffee', 'prefer coffee over tea'],
		['order', 'the dog bites the man', 'the man bites the dog'],
		['language', 'How is the weather in it', 'Wie ist das und der Weather'],
		['language', 'hello слово', 'hello wort'],
		['words', 'List benefits of coffee', 'List benefits of cocoa'],
		['words', 'Write a poem', 'Write poems'],
		['words', 'Who works for me?', 'Who works?'],
		['words', 'Why did he tell me?', 'Why did he?'],
		['comparison', 'How do you feel?', 'How do I feel?'],
		['words', 'Signs of vitamin a deficiency', 'Signs of vitamin deficiency'],
		['text', 'Fix this: he is ill', 'Fix this: is he ill'],
		['text', 'Translate the house to German', 'Translate house to German'],
		['text', 'Classify this: yes please', 'Classify this: yes'],
		['text', 'Is this rude?\nSit down', 'Is this rude?\nPlease sit down'],
		['text', 'Fix the grammar of I go to the school', 'Fix the grammar of I go to school'],
		['text', 'Find the bug:\nif x\n  a\nb', 'Find the bug:\nif x\n  a\n  b'],
	])('%s: %s ≠ %s', (veto, one, other) => {
		expect(guardFor(one)(other)).toBe(veto);
		expect(guardFor(other)(one)).toBe(veto);
	});

	test('every change of a word that counts: replaced, left out, doubled or exchanged with its neighbour', () => {
		const random = seeded(7);
		let changes = 0;
		for (const { ask } of TRAFFIC) {
			const vetoOf = guardFor(ask);
			const words = ask.split(' ');
			for (let index = 0; index < words.length; index += 1) {
				const [word = '', next = ''] = words.slice(index);
				if (readingOf(word).words.length === 0) continue;
				const changed = [
					words.with(index, `zeb${random.int(1000)}ra`),
					words.toSpliced(index, 1),
					words.toSpliced(index, 0, word),
					...(readingOf(next).words.length > 0 && next !== word ? [words.toSpliced(index, 2, next, word)] : []),
				];
				for (const other of changed) {
					if (readingOf(other.join(' ')).words.join() === readingOf(ask).words.join()) continue;
					changes += 1;
					expect(vetoOf(other.join(' ')), other.join(' ')).toBeDefined();
				}
			}
		}
		expect(changes).toBeGreaterThan(1000);
	});

	test('no adversarial text costs more than a moment', () => {
		const texts = ['a'.repeat(4000), '"'.repeat(4000), '“'.repeat(4000), '.'.repeat(4000), 'a.'.repeat(2000), '-'.repeat(4000), '{('.repeat(2000), "'a ".repeat(1300), '1,'.repeat(2000), 'can you '.repeat(500)];
		// Of the processor's time: what else the machine does is not in it.
		const before = process.cpuUsage();
		for (const text of texts) expect(guardFor(text)(text)).toBeUndefined();
		const { user, system } = process.cpuUsage(before);
		expect((user + system) / 1000).toBeLessThan(2000);
	});
});

describe('realistic traffic', () => {
	const judged = (half: 'tuning' | 'heldOut', threshold = DEFAULT_THRESHOLD, guarded = true) =>
		judgePairs(TRAFFIC.filter((group) => halfOf(group) === half), () => {
			const index = new SimilarIndex({ clock: new FakeClock() });
			return {
				learn: (prompt) => index.add('scope', prompt, prompt, 1000),
				find: (prompt) => {
					const vetoOf = guarded ? guardFor(prompt) : () => undefined;
					return index.find('scope', prompt, threshold, 5).find((candidate) => !vetoOf(candidate.prompt))?.prompt;
				},
			};
		});

	test.each(['tuning', 'heldOut'] as const)('no near-miss of the half %s is taken for a match, and most other wordings are', (half) => {
		const counts = judged(half);
		expect(counts.falseHits).toBe(0);
		expect(counts.pairs).toBeGreaterThan(200);
		expect(counts.hits / counts.same).toBeGreaterThan(0.6);
	});

	test('the picture in the documentation is what the benchmark draws', () => {
		const rows = [true, false].flatMap((guarded) =>
			THRESHOLDS.map((threshold) => ({
				threshold, guarded, tuning: judged('tuning', threshold, guarded), heldOut: judged('heldOut', threshold, guarded),
			})),
		);
		expect(readFileSync(path.join(ROOT, 'docs/pictures/similar-prompts.svg'), 'utf8')).toBe(drawSweep(rows));
		expect(rows.filter((row) => row.guarded).map((row) => row.tuning.falseHits + row.heldOut.falseHits)).toEqual(THRESHOLDS.map(() => 0));
	});

	test('the guard alone tells every near-miss from the question, its wordings and the other near-misses', () => {
		for (const { ask, same, different } of TRAFFIC) {
			for (const nearMiss of different) {
				const vetoOf = guardFor(nearMiss);
				for (const other of [ask, ...same, ...different]) {
					if (other !== nearMiss) expect(vetoOf(other), `${nearMiss} / ${other}`).toBeDefined();
				}
			}
		}
	});
});
