import { describe, expect, test } from 'vitest';
import { createChoice, PeakEwma, STRATEGIES, type Candidate, type Strategy } from '../../lib/balance/strategies.ts';
import { seeded } from '../helpers/seeded.mts';

const candidate = (origin: string, facts: Partial<Candidate> & { latency?: number } = {}): Candidate => ({
	origin, weight: 1, active: 0, latencyMs: () => facts.latency ?? 100, ...facts,
});

const THREE = ['a', 'b', 'c'].map((origin) => candidate(origin));

function shares(strategy: Strategy, candidates: readonly Candidate[], draws = 3000): Record<string, number> {
	const choose = createChoice(strategy, seeded(7));
	const counted: Record<string, number> = Object.fromEntries(candidates.map(({ origin }) => [origin, 0]));
	for (let draw = 0; draw < draws; draw += 1) {
		const { origin } = choose(candidates);
		counted[origin] = (counted[origin] ?? 0) + 1;
	}
	return counted;
}

describe('balancing', () => {
	test.each(['leastConnections', 'roundRobin', 'weighted'] as const)('by %s gives equals exactly equal shares', (strategy) => {
		expect(shares(strategy, THREE)).toEqual({ a: 1000, b: 1000, c: 1000 });
	});

	test.each(['latency', 'random'] as const)('by %s gives equals about equal shares', (strategy) => {
		for (const share of Object.values(shares(strategy, THREE))) expect(Math.abs(share - 1000)).toBeLessThan(100);
	});

	test('in order stays with the first', () => {
		expect(shares('inOrder', THREE)).toEqual({ a: 3000, b: 0, c: 0 });
	});

	test('by weight gives shares that are exact, and spread evenly over the cycle', () => {
		const weighted = [candidate('a', { weight: 5 }), candidate('b', { weight: 1 }), candidate('c', { weight: 1 })];
		expect(shares('weighted', weighted, 700)).toEqual({ a: 500, b: 100, c: 100 });
		const choose = createChoice('weighted', seeded(1));
		expect(Array.from({ length: 7 }, () => choose(weighted).origin).join('')).toBe('aabacaa');
	});

	test('by connections goes where the fewest are', () => {
		const choose = createChoice('leastConnections', seeded(1));
		expect(choose([candidate('a', { active: 2 }), candidate('b', { active: 1 }), candidate('c', { active: 3 })]).origin).toBe('b');
	});

	test('by latency mostly avoids the slow one, and never sends everything to the fastest', () => {
		const { a = 0, b = 0, c = 0 } = shares('latency', [candidate('a', { latency: 10 }), candidate('b', { latency: 20 }), candidate('c', { latency: 200 })]);
		expect(c).toBe(0);
		expect(a / 3000).toBeCloseTo(2 / 3, 1);
		expect(b / 3000).toBeCloseTo(1 / 3, 1);
	});

	test('by latency weighs what is under way, and tries what is not measured yet with one call only', () => {
		const choose = createChoice('latency', seeded(1));
		const busy = candidate('busy', { latency: 10, active: 9 });
		expect(choose([busy, candidate('free', { latency: 50 })]).origin).toBe('free');
		expect(choose([busy, candidate('new', { latency: 0 })]).origin).toBe('new');
		expect(choose([busy, candidate('new', { latency: 0, active: 1 })]).origin).toBe('busy');
	});

	test.each(STRATEGIES)('by %s chooses one of the candidates, however they come and go', (strategy) => {
		const random = seeded(3);
		const choose = createChoice(strategy, random);
		const all = Array.from({ length: 6 }, (_, index) => candidate(`o${index}`, { weight: 1 + index, active: random.int(3), latency: random.int(50) }));
		for (let step = 0; step < 500; step += 1) {
			const some = all.filter(() => random.int(2) === 0);
			if (some.length > 0) expect(some).toContain(choose(some));
		}
	});
});

describe('a smoothed latency', () => {
	test('follows a rise at once, a fall slowly, and forgets with time', () => {
		const latency = new PeakEwma(1000);
		expect(latency.value(0)).toBe(0);
		latency.observe(10, 0);
		latency.observe(500, 100);
		expect(latency.value(100)).toBe(500);
		latency.observe(10, 200);
		expect(latency.value(200)).toBeGreaterThan(400);
		for (let at = 300; at < 8000; at += 100) latency.observe(10, at);
		expect(latency.value(7900)).toBeLessThan(12);
		expect(latency.value(20_000)).toBeLessThan(0.01);
	});
});
