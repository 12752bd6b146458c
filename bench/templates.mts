// Templates: `npm run build && node24 bench/templates.mts [templates] [items]`.
// Finding: a library of 10,000 templates, asked by its index and by a look at each of them; the same answers are required of both. Building: the same library
// read by a new process from a SQLite file. Filling: 50,000 items with a mapping of fields to be found out, by the engine alone (each item
// parsed and mapped anew), by ours, and by the node in n8n's engine; each in a process of its own, of which the peak memory is told.
// Printed: microseconds per question (median, p99) and the ratio of the medians; milliseconds; items per second of processor time (garbage collection and,
// for the node, the engine included), the ratio, megabytes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Query } from '../lib/template/search-index.ts';
import { seeded } from '../test/helpers/seeded.mts';

const require = createRequire(import.meta.url);
const { Runtime } = require('../dist/lib/runtime/index.js') as typeof import('../lib/runtime/index.ts');
const { Filler, toDraft } = require('../dist/lib/template/index.js') as typeof import('../lib/template/index.ts');
const { createEngine: createLiquid } = require('../dist/lib/template/engine.js') as typeof import('../lib/template/engine.ts');
const { FieldMapper, valueAt } = require('../dist/lib/template/map-fields.js') as typeof import('../lib/template/map-fields.ts');

type Library = InstanceType<typeof Runtime>['templates']['memory'];

const [, , templatesGiven, itemsGiven, variant] = process.argv;
const TEMPLATES = Number(templatesGiven ?? 10_000);
const ITEMS = Number(itemsGiven ?? 50_000);
const MEGABYTE = 1_048_576;

const TEXT = 'Tag the package {{ packageName }}{% if homePage %} ({{ homePage }}){% endif %}.\n{{ longDescription | strip | truncate: 300 }}\nKeywords: {% for word in keywords %}{{ word }}, {% endfor %}\nAnswer with three tags for {{ targetLanguage }} readers.';

/** One that items in ten share. */
function itemOf(index: number, distinct: number) {
	const nr = index % distinct;
	return { package_name: `package-${nr}`, home_page: `https://example.test/${nr}`, long_description: `Does thing ${nr} for people who need it done. `.repeat(4), Keywords: [`k${nr % 50}`, `k${nr % 7}`, 'node'], 'target-language': 'English', nr };
}

if (variant === undefined) {
	await finding();
	await building();
	filling();
} else {
	await fillHere(variant);
}

async function fill(library: Library, count: number): Promise<void> {
	const random = seeded(9);
	const pick = (prefix: string, of: number) => `${prefix}${random.int(of)}`;
	const drafts = Array.from({ length: count }, (_, index) => {
		const words = Array.from({ length: 30 }, () => pick('word', 4000)).join(' ');
		return toDraft({ name: `team${index % 40}/template-${index}`, text: `${words} {{ ${pick('field', 300)} }} {{ ${pick('field', 300)} }}`, tags: [pick('tag', 200), pick('kind', 5)] });
	});
	await library.save(drafts);
}

function scan(library: Library, { tags, fields, words }: Query, limit: number): string[] {
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
		.slice(0, limit);
}

async function finding(): Promise<void> {
	const library = new Runtime().templates.memory;
	const before = process.memoryUsage().heapUsed;
	await fill(library, TEMPLATES);
	console.log(`${library.size} templates, ${((process.memoryUsage().heapUsed - before) / MEGABYTE).toFixed(0)} MB of heap with their index`);
	const questions: Record<string, (nr: number) => Partial<Query>> = {
		'a tag of 50': (nr) => ({ tags: [`tag${nr % 200}`] }),
		'a tag of 2,000': (nr) => ({ tags: [`kind${nr % 5}`] }),
		'a tag and a field': (nr) => ({ tags: [`kind${nr % 5}`], fields: [`field${nr % 300}`] }),
		'two words': (nr) => ({ words: [`word${nr}`, `word${nr + 1}`] }),
		'the beginning of a word': (nr) => ({ words: [`word${nr % 100}`] }),
		'a tag and a word': (nr) => ({ tags: [`kind${nr % 5}`], words: [`word${1000 + (nr % 2000)}`] }),
	};
	for (const [name, ask] of Object.entries(questions)) {
		const measure = (rounds: number, find: (query: Query) => readonly string[]) => {
			const times = Array.from({ length: rounds }, (_, nr) => {
				const query = { tags: [], fields: [], words: [], ...ask(nr) };
				const startedAt = performance.now();
				find(query);
				return (performance.now() - startedAt) * 1000;
			});
			return times.slice(rounds / 10).sort((a, b) => a - b);
		};
		for (let nr = 0; nr < 5; nr += 1) {
			const query = { tags: [], fields: [], words: [], ...ask(nr) };
			const found = library.find(query, 50).templates.map((template) => template.name);
			if (JSON.stringify(found) !== JSON.stringify(scan(library, query, 50))) throw new Error(`${name}: index and scan do not agree on ${JSON.stringify(query)}`);
		}
		const index = measure(2000, (query) => library.find(query, 50).templates.map((template) => template.name));
		const scanned = measure(30, (query) => scan(library, query, 50));
		const median = (times: readonly number[]) => times[Math.floor(times.length / 2)] ?? NaN;
		console.log(`${name.padEnd(26)} index ${median(index).toFixed(1)} µs (p99 ${(index[Math.floor(index.length * 0.99)] ?? NaN).toFixed(0)}), scan ${median(scanned).toFixed(0)} µs: ${(median(scanned) / median(index)).toFixed(0)} times`);
	}
}

async function building(): Promise<void> {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-bench-'));
	const settings = { type: 'sqlite' as const, sqlite: { path: path.join(folder, 'templates.sqlite'), maxBytes: 128 * MEGABYTE } };
	const open = async () => {
		const runtime = new Runtime();
		const library = runtime.templates.over(runtime.sharedStores.obtain(settings));
		const startedAt = performance.now();
		await library.current();
		return { runtime, library, tookMs: performance.now() - startedAt };
	};
	const first = await open();
	const startedAt = performance.now();
	await fill(first.library, TEMPLATES);
	console.log(`saved to a SQLite file in ${(performance.now() - startedAt).toFixed(0)} ms`);
	await first.runtime.dispose();
	const second = await open();
	if (second.library.size !== TEMPLATES) throw new Error(`read ${second.library.size} of ${TEMPLATES}`);
	console.log(`read from it by another process, index included, in ${second.tookMs.toFixed(0)} ms`);
	await second.runtime.dispose();
	rmSync(folder, { recursive: true });
}

function filling(): void {
	for (const distinct of [ITEMS, ITEMS / 10]) {
		console.log(`${ITEMS} items, ${distinct} distinct`);
		let slowest: number | undefined;
		for (const [name, what] of [['plain', 'engine alone'], ['ours', 'compiled, mapped, filled once'], ['node', "the node, in n8n's engine"]] as const) {
			const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url), String(TEMPLATES), String(ITEMS), `${name}:${distinct}`], { encoding: 'utf8' });
			if (child.status !== 0) throw new Error(`${name}: ${child.stderr}`);
			const { perSecond, peakMb, mapped, filled } = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '') as Told;
			slowest ??= perSecond;
			const counts = filled === undefined ? '' : `, ${mapped} mapping, ${filled} fillings`;
			console.log(`  ${what.padEnd(30)} ${perSecond.toFixed(0).padStart(7)} items/s, ${(perSecond / slowest).toFixed(1)} times, peak ${peakMb.toFixed(0)} MB${counts}`);
		}
	}
}

interface Told {
	readonly perSecond: number;
	readonly peakMb: number;
	readonly mapped?: number;
	readonly filled?: number;
}

/** In the child process: its peak memory is that of one variant, the items included. */
async function fillHere(asked: string): Promise<void> {
	const [name, distinct] = asked.split(':');
	const items = Array.from({ length: ITEMS }, (_, index) => ({ json: itemOf(index, Number(distinct)) }));
	const runtime = new Runtime();
	const mapping = { explicit: {}, synonyms: {}, automatic: true };
	const fields = ['packageName', 'homePage', 'longDescription', 'keywords', 'targetLanguage'];
	const title = 'The template';
	let counts = {};
	let startedAt = process.cpuUsage();
	let output: unknown[] = [];
	if (name === 'plain') {
		const engine = createLiquid('text');
		output = items.map(({ json }, item) => {
			const sources = new FieldMapper(fields.map((field) => ({ name: field, type: 'any', required: false })), mapping, runtime.clock).map(json);
			const values = Object.fromEntries(sources.map(({ field, path: at }) => [field, at && valueAt(json, at)]));
			return { json: { text: String(engine.parseAndRenderSync(TEXT, values, { strictVariables: true })) }, pairedItem: { item } };
		});
	} else if (name === 'ours') {
		const compiled = runtime.templates.memory.compile({ text: TEXT, escape: 'text' }, title);
		const filler = new Filler({ compiled, declared: [], mapping, strict: true, title, clock: runtime.clock });
		output = items.map(({ json }, item) => ({ json: { text: filler.fill(json) }, pairedItem: { item } }));
		counts = filler.counts;
	} else {
		const { createEngine } = await import('../test/helpers/engine.mts');
		const engine = await createEngine();
		startedAt = process.cpuUsage();
		const result = await engine.run({
			input: items,
			workflow: {
				nodes: [
					{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
					{ name: 'Template', type: 'n8n-nodes-fastpath.promptTemplate', parameters: { templateText: TEXT } },
				],
				connections: { Trigger: { main: [[{ node: 'Template', type: 'main', index: 0 }]] } },
			},
		});
		output = result.items('Template');
		tell();
		return;
	}
	tell();

	function tell(): void {
		const { user, system } = process.cpuUsage(startedAt);
		const tookMs = (user + system) / 1000;
		if (output.length !== ITEMS) throw new Error(`${output.length} of ${ITEMS} items`);
		console.log(JSON.stringify({ perSecond: (ITEMS / tookMs) * 1000, peakMb: process.resourceUsage().maxRSS / 1024, ...counts } satisfies Told));
	}
}
