/** What the package sets itself, and how the results are held against it. Nothing fails by them: the page says what is missed, and why. */
import type { Result } from './harness/result.mts';

/** The median of a row, of its ratio or of one of its further columns. NaN where it was not measured. */
export interface Figures {
	(bench: string, table: string, row: string): number;
	ratio(bench: string, table: string, row: string): number;
	also(bench: string, table: string, row: string, column: string): number;
}

export interface Goal {
	readonly what: string;
	readonly unit: string;
	readonly bound: { readonly atMost: number } | { readonly atLeast: number };
	measured(figures: Figures): number;
	/** Why it is missed, where it is. */
	readonly why?: string;
}

const WHOLE = 'our whole pipeline';
const HELPER = 'n8n helpers.httpRequest';

const goFlow = (what: string, table: string, row: string, atLeast: number, why?: string): Goal => ({
	what: `${what}, against GoFlow in Go`,
	unit: '× as fast',
	bound: { atLeast },
	measured: (figures) => figures.also('cache', table, row, 'GoFlow in Go, ns') / figures('cache', table, row),
	...(why === undefined ? {} : { why }),
});

const asFast = (what: string, atLeast: number, table: readonly [bench: string, table: string, row: string], why?: string): Goal => ({
	what,
	unit: '× as fast',
	bound: { atLeast },
	measured: (figures) => figures.ratio(...table),
	...(why === undefined ? {} : { why }),
});

const cost = (what: string, atMost: number, unit: string, measured: Goal['measured'], why?: string): Goal => ({
	what,
	unit,
	bound: { atMost },
	measured,
	...(why === undefined ? {} : { why }),
});

const KEY_WHY = 'Most of it is the key: the SHA-256 of its bytes, which stands by itself under Keys, their canonical form, and putting both together. The rest is the look-up and a promise.';
const ITEMS_WHY = 'JSON.stringify, the copy of the items with their keys in order, which makes equal ones equal, the copy that is given out or kept, and the SHA-256 of all of it share the time; none of them is most of it.';
const SERVER_WHY = 'The server shares the cores with its clients, and so does whatever else runs on the machine: times on the clock say little where the load is above the number of cores.';
const STORE_WHY = 'Reading and parsing a hundred answers takes hardly more than with the bare client; the rest is the look into the memory in front, the copy into it, the rules of what was cleared, and the promises of each caller. One alone has a bound of time besides, and between two round trips all of that code runs from cold caches.';

export const GOALS: readonly Goal[] = [
	goFlow('Get a hit, with key and copy', 'payloads', 'get a hit, small inputs', 4, KEY_WHY),
	goFlow('Set', 'payloads', 'set, small inputs', 4, KEY_WHY),
	goFlow('60 % hits', 'payloads', 'get, 60 % hits', 2.5, KEY_WHY),
	goFlow('Get 200 n8n items', 'payloads', 'get, 200 n8n items', 8, ITEMS_WHY),
	goFlow('Set 200 n8n items', 'payloads', 'set, 200 n8n items', 8, ITEMS_WHY),
	goFlow('Set that evicts among 10,000', 'crowded', 'set that evicts, at 10,000', 100, 'The key alone takes most of what the goal leaves. The rest goes through the memory of 10,000 entries, the oldest of which the processor has not at hand.'),
	goFlow('Set and clear its node among 10,000 others', 'crowded', 'set and clear its node, 10,000 others', 50, 'Beside the key it is three steps of the store (the answer is set, found and vacated), each of which is a promise behind another, and the reading of the rules at two of them.'),
	cost('Set over the hot one of 10,000', 1000, 'ns', (figures) => figures('cache', 'crowded', 'set over the hot one of 10,000')),
	cost('AI cache hit in the process, key of 1 KB included', 50_000, 'ns', (figures) => figures('pipeline', 'stages', 'pipeline, hit with its key')),
	cost('AI cache hit with an image of 1 MB', 1_000_000, 'ns', (figures) => figures('pipeline', 'stages', 'pipeline, hit with an image of 1 MB'), 'The SHA-256 of 1 MB takes two thirds of a millisecond by itself.'),
	cost('Key of 100 KB against one of 1 KB', 100, '×', (figures) => figures('keys', 'key-100', 'our key, one long text') / figures('keys', 'key-1', 'our key, one long text')),
	cost('Set among the most entries against a thousand', 3, '×', (figures) => growth(figures, 'set'), 'So many entries are larger than the caches of the processor: a plain Map slows down more.'),
	cost('Memory per entry beyond what is stored', 400, 'bytes', (figures) => figures.also('growth', 'memory', 'memory tier', 'beyond the stored bytes')),
	cost('Retry, breaker and limiter around a call', 1000, 'ns', (figures) => figures('policies', 'success', 'retry, breaker and limiter') - figures('policies', 'success', 'the call alone'), 'Each of the three is an async function, and each promise and its turn costs about a tenth of a microsecond.'),
	cost('Recording a call in the metrics', 200, 'ns', (figures) => figures('metrics', 'recording', 'a call from the cache')),
	cost('Look among 100,000 prompts of a tiny vocabulary', 2, 'ms', (figures) => figures('similar', 'prompts-tiny-vocabulary-100000', 'look for another wording')),
	cost('Look among 100,000 prompts of distinct words', 2, 'ms', (figures) => figures('similar', 'prompts-distinct-words-100000', 'look for another wording')),
	cost('First call after pre-warming against a steady one', 1.2, '×', (figures) => figures.ratio('pool', 'prewarm', 'first call after pre-warming'), SERVER_WHY),
	asFast('https, one at a time, against n8n\'s helper', 10, ['peers-http', 'https-0-1', WHOLE], 'One at a time, client and server wait for each other, and that is most of it: a bare undici Pool, which stands beside it, is no faster by more than a few per cent.'),
	asFast('https, 10 at once, against n8n\'s helper', 20, ['peers-http', 'https-0-10', WHOLE], SERVER_WHY),
	asFast('https, 5 ms at the server, 50 at once, against n8n\'s helper', 8, ['peers-http', 'https-5-50', WHOLE], SERVER_WHY),
	asFast('https, 20 ms away, one at a time, against n8n\'s helper (3 is the limit)', 2.9, ['peers-http', 'far', WHOLE], SERVER_WHY),
	{
		what: 'Processor time per https call against n8n\'s helper',
		unit: '× less',
		bound: { atLeast: 15 },
		measured: (figures) => figures.also('peers-http', 'https-0-50', HELPER, 'CPU µs per request') / figures.also('peers-http', 'https-0-50', WHOLE, 'CPU µs per request'),
		why: SERVER_WHY,
	},
	cost('Whole pipeline around a bare undici call, https, 50 at once', 25, 'µs of CPU more', (figures) =>
		figures.also('peers-http', 'https-0-50', WHOLE, 'CPU µs per request') - figures.also('peers-http', 'https-0-50', 'undici Pool', 'CPU µs per request'), 'Two bounds of time per call are two timers and two signals, and each stage is a promise.'),
	{
		what: 'The same in requests per second',
		unit: '× of undici\'s',
		bound: { atLeast: 0.8 },
		measured: (figures) => figures('peers-http', 'https-0-50', WHOLE) / figures('peers-http', 'https-0-50', 'undici Pool'),
		why: SERVER_WHY,
	},
	asFast('Pooled HTTP, 200 https items in n8n, against HTTP Request', 12, ['n8n-http', 'literal', 'Pooled HTTP'], 'In a profile no part of it stands out: the client\'s reading and writing, the pipeline, n8n\'s own work, and the server, which shares the cores with all of it. The rounds spread widely.'),
	asFast('The same with a credential', 12, ['n8n-http', 'credential', 'Pooled HTTP'], SERVER_WHY),
	cost('Cached item in n8n, literal parameters', 25, 'µs', (figures) => figures('n8n-ai', 'cached-item', 'literal parameters'), 'It is the time on the clock of the whole node, n8n\'s part and the fixed cost of an execution included, which weighs the more the fewer items there are; --full takes 10,000.'),
	cost('Redis hit against the client\'s bare round trip', 1.3, '×', (figures) => figures.ratio('store-hits', 'one', 'Redis'), STORE_WHY),
	cost('100 Redis hits together against a bare MGET', 1.5, '×', (figures) => figures.ratio('store-hits', 'batch', 'Redis'), STORE_WHY),
	...(['dead', 'paused'] as const).map((state) => cost(`Added to a call while Redis is ${state}`, 1000, 'µs', (figures) =>
		figures('store-states', `${state}-a-new-question`, 'store') - figures('store-states', `${state}-a-new-question`, 'no store'))),
	cost('Slope of n8n\'s heap under mixed load', 1, 'MB per minute', (figures) => figures('soak', 'soak', 'slope of the heap after collections, MB per minute'), 'A minute is short: compiled code and n8n\'s own caches still grow. `--full` takes ten.'),
];

export interface Headline {
	readonly what: string;
	readonly unit: string;
	figure(figures: Figures): number;
}

/** What the README shows. */
export const HEADLINES: readonly Headline[] = [
	{ what: '200 https items in n8n, Pooled HTTP against HTTP Request, time of the node', unit: '× as fast', figure: (figures) => figures.ratio('n8n-http', 'literal', 'Pooled HTTP') },
	{ what: 'the same with an address each, from a field of the item', unit: '× as fast', figure: (figures) => figures.ratio('n8n-http', 'expression', 'Pooled HTTP') },
	{ what: 'the same with a credential', unit: '× as fast', figure: (figures) => figures.ratio('n8n-http', 'credential', 'Pooled HTTP') },
	{ what: 'one request at a time to an https API 20 ms away, against n8n\'s helper', unit: '× as fast', figure: (figures) => figures.ratio('peers-http', 'far', WHOLE) },
	{
		what: 'processor time per https request, against n8n\'s helper', unit: '× less',
		figure: (figures) => figures.also('peers-http', 'https-0-50', HELPER, 'CPU µs per request') / figures.also('peers-http', 'https-0-50', WHOLE, 'CPU µs per request'),
	},
	{ what: '100 prompts of which all are known, 150 ms at the model, against HTTP Request', unit: '× as fast', figure: (figures) => figures.ratio('n8n-ai', 'calls-150', 'Cached AI Call, hits') },
	{ what: 'AI Agent with known questions, 150 ms at the model, against the bare model', unit: '× as fast', figure: (figures) => figures.ratio('n8n-ai', 'agents', 'Cached Chat Model, hits') },
	{ what: 'an item that is in the cache, inside n8n', unit: 'µs', figure: (figures) => figures('n8n-ai', 'cached-item', 'literal parameters') },
];

/** Of the most entries that were measured, against a thousand. */
function growth(figures: Figures, kind: string): number {
	const of = (entries: string) => figures('growth', 'growth', `${kind}, ${entries} entries`);
	const most = ['1,000,000', '100,000', '10,000'].map(of).find(Number.isFinite) ?? NaN;
	return most / of('1,000');
}

export function figuresOf(results: readonly Result[]): Figures {
	const row = (bench: string, table: string, name: string) =>
		results.find((result) => result.bench === bench)?.tables.find(({ id }) => id === table)?.rows.find((one) => one.name === name);
	return Object.assign((bench: string, table: string, name: string) => row(bench, table, name)?.median ?? NaN, {
		ratio: (bench: string, table: string, name: string) => row(bench, table, name)?.ratio?.median ?? NaN,
		also: (bench: string, table: string, name: string, column: string) => row(bench, table, name)?.also?.[column] ?? NaN,
	});
}

export interface Verdict extends Goal {
	readonly value: number;
	/** Undefined where it was not measured. */
	readonly reached: boolean | undefined;
	/** How far it is beyond the bound, 0.2 meaning a fifth; 0 where it is reached. */
	readonly missedBy: number;
}

export function judge(goal: Goal, figures: Figures): Verdict {
	const value = goal.measured(figures);
	const excess = 'atMost' in goal.bound ? value / goal.bound.atMost - 1 : 1 - value / goal.bound.atLeast;
	return { ...goal, value, reached: Number.isNaN(value) ? undefined : excess <= 0, missedBy: excess > 0 ? excess : 0 };
}
