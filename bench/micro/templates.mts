/** Finding templates by the library's index and by a look at each of them, reading a library from its file, and filling texts for many items. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Bench } from '../harness/bench.mts';
import { median } from '../harness/stats.mts';
import type * as RuntimeModule from '../../lib/runtime/runtime.ts';
import type * as Template from '../../lib/template/index.ts';
import type { Query } from '../../lib/template/search-index.ts';
import { seeded } from '../../test/helpers/seeded.mts';
import type { Filled, Variant } from './fill-templates.mts';

type Library = InstanceType<typeof RuntimeModule.Runtime>['templates']['memory'];

const MEGABYTE = 1_048_576;
const MOST_FOUND = 50;
const QUESTIONS: Record<string, (nr: number) => Partial<Query>> = {
	'a tag of 200': (nr) => ({ tags: [`tag${nr % 200}`] }),
	'a tag of 5': (nr) => ({ tags: [`kind${nr % 5}`] }),
	'a tag of 5 and a field of 300': (nr) => ({ tags: [`kind${nr % 5}`], fields: [`field${nr % 300}`] }),
	'two words': (nr) => ({ words: [`word${nr}`, `word${nr + 1}`] }),
	'the beginning of a word': (nr) => ({ words: [`word${nr % 100}`] }),
	'a tag of 5 and a word': (nr) => ({ tags: [`kind${nr % 5}`], words: [`word${1000 + (nr % 2000)}`] }),
};
const FILLED_BY: ReadonlyArray<readonly [variant: Variant, name: string]> = [
	['plain', 'the engine, each item anew'],
	['ours', 'compiled, mapped and filled once'],
	['node', 'Prompt Template, in n8n\'s engine'],
];

export default async function templates(bench: Bench): Promise<void> {
	const count = bench.pick({ smoke: 200, default: 10_000, full: 10_000 });
	await finding(bench, count);
	await reading(bench, count);
	const items = bench.pick({ smoke: 100, default: 50_000, full: 50_000 });
	await filling(bench, items, items);
	await filling(bench, items, items / 10);
}

async function fill(bench: Bench, library: Library, count: number): Promise<void> {
	const { toDraft } = bench.lib('template/index') as typeof Template;
	const random = seeded(9);
	const pick = (prefix: string, of: number) => `${prefix}${random.int(of)}`;
	const drafts = Array.from({ length: count }, (_draft, index) => {
		const words = Array.from({ length: 30 }, () => pick('word', 4000)).join(' ');
		return toDraft({ name: `team${index % 40}/template-${index}`, text: `${words} {{ ${pick('field', 300)} }} {{ ${pick('field', 300)} }}`, tags: [pick('tag', 200), pick('kind', 5)] });
	});
	await library.save(drafts);
}

/** What the index does not do. */
function scan(library: Library, { tags, fields, words }: Query): string[] {
	const latest = new Map([...library.all()].map((template) => [template.name, template]));
	return [...latest.values()]
		.filter((one) => tags.every((tag) => one.tags.includes(tag)) && fields.every((field) => one.reads.includes(field)))
		.filter((one) => {
			if (words.length === 0) return true;
			const own = new Set(`${one.name} ${one.description} ${one.text}`.toLowerCase().match(/[\p{L}\p{N}]+/gu));
			return words.every((word, index) => own.has(word) || (index === words.length - 1 && [...own].some((other) => other.startsWith(word))));
		})
		.map(({ name }) => name)
		.sort()
		.slice(0, MOST_FOUND);
}

/** Refuses to measure an index that finds anything else than a look at each. */
async function finding(bench: Bench, count: number): Promise<void> {
	const { Runtime } = bench.lib('runtime/runtime') as typeof RuntimeModule;
	const library = new Runtime().templates.memory;
	await fill(bench, library, count);
	const byIndex = (query: Query) => library.find(query, MOST_FOUND).templates.map(({ name }) => name);
	const [asked, scanned] = bench.pick({ smoke: [5, 1], default: [300, 3], full: [1000, 5] });
	let nr = 0;
	await bench.compare({ id: 'find', title: `among ${count.toLocaleString('en-US')} templates`, unit: 'µs' }, Object.entries(QUESTIONS).map(([name, ask]) => {
		const next = (): Query => ({ tags: [], fields: [], words: [], ...ask((nr += 1)) });
		for (let check = 0; check < 5; check += 1) {
			const query = next();
			if (byIndex(query).join() !== scan(library, query).join()) throw new Error(`${name}: the index and a look at each do not agree on ${JSON.stringify(query)}`);
		}
		return {
			name,
			round: async () => {
				const value = median(Array.from({ length: asked }, () => microseconds(() => byIndex(next()))));
				const each = median(Array.from({ length: scanned }, () => microseconds(() => scan(library, next()))));
				return { value, also: { 'a look at each, µs': each, 'times as fast': each / value } };
			},
		};
	}));
}

function microseconds(work: () => unknown): number {
	const startedAt = performance.now();
	work();
	return (performance.now() - startedAt) * 1000;
}

async function reading(bench: Bench, count: number): Promise<void> {
	const { Runtime } = bench.lib('runtime/runtime') as typeof RuntimeModule;
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-bench-'));
	let file = 0;
	const open = async () => {
		const runtime = new Runtime();
		const settings = { type: 'sqlite', sqlite: { path: path.join(folder, `${file}.sqlite`), maxBytes: 128 * MEGABYTE } } as const;
		const library = runtime.templates.over(runtime.sharedStores.obtain(settings));
		const startedAt = performance.now();
		await library.current();
		return { runtime, library, tookMs: performance.now() - startedAt };
	};
	await bench.compare({ id: 'file', title: `a library of ${count.toLocaleString('en-US')} templates in a SQLite file`, unit: 'ms' }, [
		{
			name: 'saved',
			round: async () => {
				file += 1;
				const { runtime, library } = await open();
				const startedAt = performance.now();
				await fill(bench, library, count);
				const value = performance.now() - startedAt;
				await runtime.dispose();
				return { value };
			},
		},
		{
			name: 'read, and its index built',
			round: async () => {
				const { runtime, library, tookMs } = await open();
				if (library.size !== count) throw new Error(`${library.size} of ${count} templates were read`);
				await runtime.dispose();
				return { value: tookMs };
			},
		},
	], { rounds: bench.pick({ smoke: 1, default: 3, full: 5 }), warmUp: 0 });
	rmSync(folder, { recursive: true });
}

/** Each in a process of its own, for the sake of the peak of its memory. */
async function filling(bench: Bench, items: number, distinct: number): Promise<void> {
	const [of, different] = [items.toLocaleString('en-US'), distinct.toLocaleString('en-US')];
	await bench.compare({ id: `fill-${items / distinct}`, title: `${of} items, ${different} of them distinct`, unit: 'items per second of processor time', more: true, baseline: 'the engine, each item anew' }, FILLED_BY.map(([variant, name]) => ({
		name,
		round: async () => {
			const child = spawnSync(process.execPath, [path.join(import.meta.dirname, 'fill-templates.mts'), bench.root, variant, String(items), String(distinct)], { encoding: 'utf8', timeout: 300_000 });
			if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
			const { perSecond, peakMb } = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '') as Filled;
			return { value: perSecond, also: { 'peak MB': peakMb } };
		},
	})), { rounds: bench.pick({ smoke: 1, default: 3, full: 5 }), warmUp: 0 });
}
