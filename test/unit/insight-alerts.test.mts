import { describe, expect, test } from 'vitest';
import { step } from '../../lib/insight/alerts.ts';
import { advance, DEFAULT_SETTINGS, digestOf, EMPTY_BOOK, readBook, readSettings, type AlertBook, type AlertEvent, type Reading } from '../../lib/insight/index.ts';
import { FakeClock } from '../helpers/fake-clock.mts';
import { Traffic } from '../helpers/incident.mts';
import { aLoad, aProcess, aSeries, aSnapshot, MINUTE, NOW, times, type Given } from '../helpers/snapshots.mts';

const told = ({ kind, alert }: AlertEvent) => `${kind} ${alert.rule} ${alert.worst}`;
const raised = (given: Given, settings = DEFAULT_SETTINGS) => advance(EMPTY_BOOK, aSnapshot(given), settings).events.map(told);

describe('a scripted incident', () => {
	test('raises what is wrong once, in order, and tells when it is over', async () => {
		const clock = new FakeClock();
		const traffic = new Traffic(clock);
		const settings = readSettings({ slos: [{ name: 'Answers', successPercent: 99 }] });
		let book: AlertBook = EMPTY_BOOK;
		/** A look every ten seconds, at an origin in trouble and one that stays well. What was told meanwhile. */
		const minutes = async (count: number, { ms = () => 200, failing = 0, heap = () => 0.4 }: Partial<Trouble> = {}) => {
			const log: string[] = [];
			for (let tick = 0; tick < count * 6; tick += 1) {
				for (let call = 0; call < 10; call += 1) traffic.call('https://api.test', ms(tick / 6), call < 10 * failing ? 'ERR_HTTP_STATUS' : undefined);
				traffic.call('https://well.test', 50);
				traffic.load = aLoad({ heapUsedBytes: heap(tick / 6) * 2 ** 31, heapLimitBytes: 2 ** 31 });
				await clock.advance(10_000);
				// Each state could have come from a store.
				const { book: next, events } = advance(readBook(JSON.parse(JSON.stringify(book))), traffic.snapshot(), settings);
				book = next;
				log.push(...events.map(told));
			}
			return log;
		};
		expect(await minutes(60)).toEqual([]);
		expect(await minutes(10, { ms: (minute) => 200 + minute * 1200 })).toEqual(['raised responseTime low', 'escalated responseTime medium', 'escalated responseTime high']);
		expect(await minutes(10)).toEqual(['resolved responseTime high']);
		expect(await minutes(20, { failing: 0.6 })).toEqual([
			'raised errorRate low', 'escalated errorRate medium', 'escalated errorRate high', 'raised errorBudget medium', 'escalated errorBudget critical',
		]);
		expect(await minutes(10)).toEqual(['resolved errorRate high']);
		expect(await minutes(6, { heap: (minute) => 0.5 + minute * 0.08 })).toEqual(['raised memory low', 'escalated memory medium', 'escalated memory high', 'escalated memory critical']);
		expect(await minutes(3)).toEqual(['resolved memory critical']);
		// The hour in which the errors were has to pass.
		expect(await minutes(60)).toEqual(['resolved errorBudget critical']);
		expect(book.standing).toEqual([]);
		expect(book.recent.filter(({ kind }) => kind === 'raised').map(({ alert }) => alert.rule)).toEqual(['responseTime', 'errorRate', 'errorBudget', 'memory']);
	});
});

interface Trouble {
	ms(minute: number): number;
	failing: number;
	heap(minute: number): number;
}

describe('thresholds', () => {
	test('are those of the mission, and are told of by how far above the value is', () => {
		const heap = (share: number) => ({ load: { heapUsedBytes: share * 2 ** 31, heapLimitBytes: 2 ** 31 } });
		expect([0.79, 0.81, 0.86, 0.91, 0.96].map((share) => raised(heap(share))[0])).toEqual([undefined, 'raised memory low', 'raised memory medium', 'raised memory high', 'raised memory critical']);
		expect([0.9, 0.95, 1.4, 1.9, 4].map((cpu) => raised({ load: { cpu } })[0])).toEqual([undefined, 'raised cpu low', 'raised cpu medium', 'raised cpu high', 'raised cpu critical']);
		expect([100, 101, 150, 200, 400].map((loopDelayP99Ms) => raised({ load: { loopDelayP99Ms } })[0])).toEqual([undefined, 'raised loopDelay low', 'raised loopDelay medium', 'raised loopDelay high', 'raised loopDelay critical']);
		const slow = (p95: number) => ({ series: [aSeries({ calls: 100, durationMs: times(100, 50, { p95 }) })] });
		expect([5000, 5001, 7500, 10_000, 20_000].map((p95) => raised(slow(p95))[0])).toEqual([undefined, 'raised responseTime low', 'raised responseTime medium', 'raised responseTime high', 'raised responseTime critical']);
		const failing = (count: number) => ({ series: [aSeries({ calls: 100, errors: { ERR_NETWORK: count } })] });
		expect([10, 11, 33, 55, 78].map((count) => raised(failing(count))[0])).toEqual([undefined, 'raised errorRate low', 'raised errorRate medium', 'raised errorRate high', 'raised errorRate critical']);
	});

	test('say nothing of a few calls, nor of calls that somebody cancelled', () => {
		expect(raised({ series: [aSeries({ calls: 2, errors: { ERR_NETWORK: 2 }, durationMs: times(2, 60_000) })] })).toEqual([]);
		expect(raised({ series: [aSeries({ calls: 100, errors: { ERR_CANCELLED: 90 } })] })).toEqual([]);
	});

	test('are looked at for all calls together where no place has enough of its own', () => {
		const few = Array.from({ length: 10 }, (_, index) => aSeries({ origin: `https://${index}.test`, calls: 5, errors: { ERR_NETWORK: 4 } }));
		const { events } = advance(EMPTY_BOOK, aSnapshot({ series: few }), DEFAULT_SETTINGS);
		expect(events.map(({ alert }) => [alert.rule, alert.name, alert.value])).toEqual([['errorRate', 'all calls', 0.8]]);
	});

	test('raise one alert for an origin, however many nodes call it', () => {
		const nodes = Array.from({ length: 10 }, (_, index) => aSeries({ node: `Node ${index}`, calls: 30, errors: { ERR_NETWORK: 20 } }));
		expect(raised({ series: nodes })).toEqual(['raised errorRate high']);
	});

	test('of 0 are none', () => {
		const off = readSettings({ memoryPercent: 0, cpuPercent: 0, responseMs: 0, errorPercent: 0, loopDelayMs: 0 });
		const bad: Given = { load: { cpu: 9, loopDelayP99Ms: 9000, heapUsedBytes: 2 ** 31, heapLimitBytes: 2 ** 31 }, series: [aSeries({ calls: 100, errors: { ERR_NETWORK: 99 }, durationMs: times(100, 60_000) })] };
		expect(raised(bad).length).toBe(5);
		expect(raised(bad, off)).toEqual([]);
	});

	test('of models are their own', () => {
		const model = { series: [aSeries({ model: 'm', calls: 100, durationMs: times(100, 8000) })] };
		expect(raised(model)).toHaveLength(1);
		expect(raised(model, readSettings({ modelResponseMs: 30_000 }))).toEqual([]);
	});

	test('see an open circuit, a store that is down and a day that costs too much', () => {
		const given: Given = {
			resources: {
				circuits: [{ process: 'p1', origin: 'https://a.test', state: 'open', trips: 1 }, { process: 'p2', origin: 'https://a.test', state: 'closed', trips: 0 }],
				caches: [{ process: 'p1', name: 'redis', entries: null, bytes: null, maxBytes: null, evictions: 0, expired: 0, state: 'down' }],
			},
			series: [aSeries({ calls: 10, costUsd: 12 })],
		};
		expect(raised(given, readSettings({ dailyUsd: 10 }))).toEqual(['raised circuit high', 'raised store medium', 'raised spending low']);
	});

	test('watch each process by itself, and none that has fallen silent', () => {
		const full = aLoad({ heapUsedBytes: 0.9 * 2 ** 31, heapLimitBytes: 2 ** 31 });
		const processes = [aProcess({ id: 'a', now: full }), aProcess({ id: 'b' }), aProcess({ id: 'c', now: full, at: NOW - 3 * MINUTE })];
		const { events } = advance(EMPTY_BOOK, aSnapshot({ processes }), DEFAULT_SETTINGS);
		expect(events.map(({ alert }) => [alert.rule, alert.subject])).toEqual([['memory', 'a']]);
	});
});

describe('the book', () => {
	const reading = (given: Partial<Reading> = {}): Reading => ({ rule: 'cpu', subject: 'p1', name: 'p1', value: 1, limit: 0.9, severity: 'low', clear: false, says: 'Busy.', advice: '', ...given });
	const over = reading({ value: 0.5, severity: null, clear: true });
	/** What is told when these are read one after the other, `apart` milliseconds each. */
	const run = (readings: ReadonlyArray<readonly Reading[]>, apart = 10_000) => {
		let book = EMPTY_BOOK;
		return readings.map((now, index) => {
			const { book: next, events } = step(book, now, NOW + index * apart, 60_000);
			book = next;
			return events.map(told).join(', ');
		});
	};

	test('tells of what goes on only once', () => {
		expect(run(Array.from({ length: 50 }, () => [reading()])).join('')).toBe('raised cpu low');
	});

	test('holds an alert at its limit, and ends it when it has been well below for the cooldown', () => {
		const near = reading({ value: 0.85, severity: null, clear: false });
		expect(run([[reading()], [over], [near], ...Array.from({ length: 7 }, () => [over])])).toEqual(['raised cpu low', '', '', '', '', '', '', '', '', 'resolved cpu low']);
	});

	test('does not raise it again within the cooldown, and then does', () => {
		const end = Array.from({ length: 7 }, () => [over]);
		expect(run([[reading()], ...end, ...Array.from({ length: 7 }, () => [reading()])]).slice(7)).toEqual(['resolved cpu low', '', '', '', '', '', 'raised cpu low', '']);
	});

	test('tells at once of what gets worse, and not of what gets better and worse again', () => {
		const medium = reading({ severity: 'medium' });
		const high = reading({ severity: 'high' });
		expect(run([[reading()], [medium], [reading()], [medium], [high], [medium], [high]], 1000)).toEqual(['raised cpu low', 'escalated cpu medium', '', '', 'escalated cpu high', '', '']);
	});

	test('says so where what ends an alert is that nothing is measured any more', () => {
		const { book } = step(EMPTY_BOOK, [reading()], NOW, 60_000);
		const later = step(book, [], NOW + 1000, 60_000);
		expect(later.events).toEqual([]);
		expect(step(later.book, [], NOW + 61_000, 60_000).events).toMatchObject([{ kind: 'resolved', why: 'notSeen' }]);
	});

	test('that two processes share in a store tells each thing to one of them', () => {
		const snapshot = aSnapshot({ load: { cpu: 2 } });
		const first = advance(EMPTY_BOOK, snapshot, DEFAULT_SETTINGS);
		const second = advance(readBook(JSON.parse(JSON.stringify(first.book))), snapshot, DEFAULT_SETTINGS);
		expect([first.events.length, second.events.length]).toEqual([1, 0]);
		expect(advance(second.book, aSnapshot({ at: NOW - 5000 }), DEFAULT_SETTINGS)).toEqual({ book: second.book, events: [] });
	});

	test('goes on after a clock was set back, and does not wait for the time to come again', () => {
		const busy = (at: number, cpu: number) => aSnapshot({ at, load: { cpu } });
		const ahead = advance(EMPTY_BOOK, busy(NOW + 100 * MINUTE, 2), DEFAULT_SETTINGS).book;
		const back = advance(ahead, busy(NOW, 0.1), DEFAULT_SETTINGS);
		expect(back.book).toMatchObject({ at: NOW, standing: [{ raisedAt: NOW, overSince: NOW }] });
		expect(advance(back.book, busy(NOW + MINUTE, 0.1), DEFAULT_SETTINGS).events.map(told)).toEqual(['resolved cpu high']);
	});

	test('is bounded, and keeps the worst', () => {
		const many = Array.from({ length: 500 }, (_, index) => reading({ subject: String(index), severity: index === 400 ? 'critical' : 'low' }));
		const { book } = step(EMPTY_BOOK, many, NOW, 60_000);
		expect([book.standing.length, book.recent.length, book.standing[0]?.subject]).toEqual([100, 100, '400']);
	});

	test('reads back what it wrote, and makes do with anything else', () => {
		const { book } = step(EMPTY_BOOK, [reading()], NOW, 60_000);
		expect(readBook(JSON.parse(JSON.stringify(book)))).toEqual(book);
		for (const bad of [undefined, null, 1, 'x', [], {}, { ...book, version: 2 }, { ...book, at: '1' }]) expect(readBook(bad)).toEqual(EMPTY_BOOK);
		const [alert] = book.standing;
		expect(readBook({ ...book, standing: [alert, { ...alert, severity: 'awful' }, { ...alert, value: 'x' }, 7], recent: 5, told: { a: 'x', b: 1 } })).toEqual({ ...book, recent: [], told: { b: 1 } });
	});

	test('makes a digest: what stands, and what is over', () => {
		const { book } = step(EMPTY_BOOK, [reading(), reading({ rule: 'memory', severity: 'high', says: 'Full.' })], NOW, 60_000);
		const next = step(book, [reading(), reading({ rule: 'memory', severity: null, clear: true, says: 'Empty.' })], NOW + 30_000, 60_000);
		const last = step(next.book, [reading(), reading({ rule: 'memory', severity: null, clear: true, says: 'Empty.' })], NOW + 90_000, 60_000);
		expect(digestOf(last.book, NOW)).toMatchObject({ worst: 'low', raised: 0, resolved: 1, standing: { low: 1, high: 0 } });
		expect(digestOf(last.book, NOW).text).toBe('1 alert now, 1 over.\nlow: Busy. For 90 s.\nover: p1, memory, after 90 s.');
		expect(digestOf(EMPTY_BOOK, 0)).toMatchObject({ worst: null, text: '0 alerts now, 0 over.' });
	});
});

describe('objectives', () => {
	const slo = { name: 'Answers', successPercent: 99.9 };
	const read = (given: Given, ...slos: unknown[]) => raised(given, readSettings({ slos, errorPercent: 0, responseMs: 0 }));
	const failing = (calls: number, count: number) => [aSeries({ calls, errors: { ERR_NETWORK: count } })];

	test('burn over an hour and over five minutes: what no longer goes on is no alert', () => {
		const hour = failing(10_000, 200);
		expect(read({ in: { '5m': failing(1000, 20), '1h': hour, '24h': failing(240_000, 200) } }, slo)).toEqual(['raised errorBudget critical']);
		expect(read({ in: { '5m': failing(1000, 0), '1h': hour, '24h': failing(240_000, 200) } }, slo)).toEqual([]);
	});

	test('burn slowly over a day and an hour', () => {
		expect(read({ in: { '5m': failing(100, 0), '1h': failing(1000, 4), '24h': failing(24_000, 96) } }, slo)).toEqual(['raised errorBudget medium']);
		expect(read({ in: { '5m': failing(100, 0), '1h': failing(1000, 2), '24h': failing(24_000, 48) } }, slo)).toEqual([]);
	});

	test('say nothing of a few failures among a few calls', () => {
		expect(read({ series: failing(30, 4) }, slo)).toEqual([]);
		expect(read({ series: failing(30, 5) }, slo)).toEqual(['raised errorBudget critical']);
	});

	test('are about the calls that they name', () => {
		const series = [aSeries({ origin: 'https://a.test', calls: 100, errors: { ERR_NETWORK: 50 } }), aSeries({ origin: 'https://b.test', calls: 100 })];
		expect(read({ series }, { ...slo, origin: 'https://b.test' })).toEqual([]);
		expect(read({ series }, { ...slo, origin: 'https://a.test' })).toEqual(['raised errorBudget critical']);
		expect(read({ series }, { ...slo, origin: 'https://c.test' })).toEqual([]);
	});

	test('of the 99th percentile say how many are at least too slow', () => {
		const slow = (p50: number, p95: number, p99: number) => [aSeries({ calls: 100, durationMs: times(100, p50, { p95, p99 }) })];
		const target = { name: 'Quick', p99Ms: 1000 };
		expect([slow(1, 2, 1000), slow(1, 2, 1001), slow(1, 1001, 2000), slow(1001, 2000, 3000)].map((series) => read({ series }, target)[0])).toEqual([
			undefined, 'raised slowCalls medium', 'raised slowCalls high', 'raised slowCalls critical',
		]);
		expect(read({ in: { '5m': slow(1, 2, 3), '1h': slow(1001, 2000, 3000) } }, target)).toEqual([]);
	});
});

describe('settings', () => {
	test('name what is wrong, what was expected and what came', () => {
		expect(() => readSettings({ memoryPercent: 120 })).toThrow('Invalid memoryPercent: expected a number from 0 to 100, got 120');
		expect(() => readSettings({ memory: 80 })).toThrow(/Invalid settings: expected only memoryPercent, .*, got "memory"/);
		expect(() => readSettings([])).toThrow('Invalid settings: expected an object, got a list of 0');
		expect(() => readSettings({ minCalls: 1.5 })).toThrow('Invalid minCalls');
		expect(() => readSettings({ slos: {} })).toThrow('Invalid slos: expected a list of at most 50 objectives, got an object');
		expect(() => readSettings({ slos: [{ name: 'A' }] })).toThrow('Invalid slos[0]: expected successPercent, p99Ms, or both');
		expect(() => readSettings({ slos: [{ name: 'A', successPercent: 100 }] })).toThrow('Invalid slos[0].successPercent: expected a number from 1 to 99.999, got 100');
		expect(() => readSettings({ slos: [{ successPercent: 99 }] })).toThrow('Invalid slos[0].name');
		expect(() => readSettings({ slos: [{ name: 'A', p99Ms: 5 }, { name: 'A', p99Ms: 6 }] })).toThrow('a name of its own for each objective, got "A"');
	});

	test('come back from JSON as they were, over what was set before', () => {
		const settings = readSettings({ errorPercent: 5, slos: [{ name: 'A', origin: 'https://a.test', p99Ms: 900 }] });
		expect(readSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
		expect(readSettings({ cpuPercent: 50 }, settings)).toEqual({ ...settings, cpuPercent: 50 });
	});
});
