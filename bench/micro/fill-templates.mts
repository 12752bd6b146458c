/** Fills a text for many items, in a process of its own: `node fill-templates.mts <root> <variant> <items> <distinct>`. Prints JSON. */
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as RuntimeModule from '../../lib/runtime/runtime.ts';
import type * as LiquidModule from '../../lib/template/engine.ts';
import type * as Template from '../../lib/template/index.ts';
import type * as Mapping from '../../lib/template/map-fields.ts';

/** `plain`: the engine alone, which reads the text and looks for the fields with each item · `ours`: lib/template · `node`: the node in n8n's engine. */
export type Variant = 'plain' | 'ours' | 'node';

export interface Filled {
	/** Of processor time, garbage collection and, for the node, the engine included. */
	readonly perSecond: number;
	readonly peakMb: number;
}

const TEXT = 'Tag the package {{ packageName }}{% if homePage %} ({{ homePage }}){% endif %}.\n{{ longDescription | strip | truncate: 300 }}\nKeywords: {% for word in keywords %}{{ word }}, {% endfor %}\nAnswer with three tags for {{ targetLanguage }} readers.';
const FIELDS = ['packageName', 'homePage', 'longDescription', 'keywords', 'targetLanguage'];

const [root = '', variant, count, distinct] = process.argv.slice(2);
const require = createRequire(path.join(root, 'package.json'));
const { Runtime } = require('./dist/lib/runtime/runtime.js') as typeof RuntimeModule;
const { Filler } = require('./dist/lib/template/index.js') as typeof Template;
const { createEngine: createLiquid } = require('./dist/lib/template/engine.js') as typeof LiquidModule;
const { FieldMapper, valueAt } = require('./dist/lib/template/map-fields.js') as typeof Mapping;

type Item = { readonly json: ReturnType<typeof fieldsOf> };

const items: Item[] = Array.from({ length: Number(count) }, (_item, index) => ({ json: fieldsOf(index % Number(distinct)) }));
const runtime = new Runtime();
const mapping = { explicit: {}, synonyms: {}, automatic: true };
const fillers: Record<Variant, () => Promise<() => Promise<unknown[]>>> = { plain, ours, node };

const work = await fillers[variant as Variant]();
const before = process.cpuUsage();
const output = await work();
const { user, system } = process.cpuUsage(before);
if (output.length !== items.length) throw new Error(`${output.length} of ${items.length} items`);
console.log(JSON.stringify({ perSecond: (items.length / (user + system)) * 1e6, peakMb: process.resourceUsage().maxRSS / 1024 } satisfies Filled));
process.exit(0);

function fieldsOf(nr: number) {
	return { package_name: `package-${nr}`, home_page: `https://example.test/${nr}`, long_description: `Does thing ${nr} for people who need it done. `.repeat(4), Keywords: [`k${nr % 50}`, `k${nr % 7}`, 'node'], 'target-language': 'English', nr };
}

async function plain() {
	const engine = createLiquid('text');
	return async () => items.map(({ json }, item) => {
		const sources = new FieldMapper(FIELDS.map((field) => ({ name: field, type: 'any', required: false })), mapping, runtime.clock).map(json);
		const values = Object.fromEntries(sources.map(({ field, path: at }) => [field, at && valueAt(json, at)]));
		return { json: { text: String(engine.parseAndRenderSync(TEXT, values, { strictVariables: true })) }, pairedItem: { item } };
	});
}

async function ours() {
	const title = 'The template';
	const compiled = runtime.templates.memory.compile({ text: TEXT, escape: 'text' }, title);
	const filler = new Filler({ compiled, declared: [], mapping, strict: true, title, clock: runtime.clock });
	return async () => items.map(({ json }, item) => ({ json: { text: filler.fill(json) }, pairedItem: { item } }));
}

async function node() {
	const { createEngine } = await import('../../test/helpers/engine.mts');
	const engine = await createEngine({ root });
	const workflow = {
		nodes: [
			{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' },
			{ name: 'Template', type: 'n8n-nodes-fastpath.promptTemplate', parameters: { templateText: TEXT } },
		],
		connections: { Trigger: { main: [[{ node: 'Template', type: 'main' as const, index: 0 }]] } },
	};
	return async () => (await engine.run({ input: items, workflow })).items('Template');
}
