/** What n8n and its users expect of any node, held for every node that package.json lists. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { NodeHelpers, type INodeParameters, type INodeTypeDescription } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { builtNodes, manifest } from '../toolchain/built-nodes.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = 'https://github.com/n8n-nodes-fastpath/n8n-nodes-fastpath/blob/main/docs/nodes/';

interface Codex {
	readonly node: string;
	readonly categories: readonly string[];
	readonly alias: readonly string[];
	readonly resources: { readonly primaryDocumentation: ReadonlyArray<{ readonly url: string }> };
}

/** What a user must fill in before a first run: fields that are shown, required and empty, and credentials. */
function toFillIn({ properties, credentials = [] }: INodeTypeDescription): string[] {
	const byDefault = new Map(properties.filter(({ displayOptions }) => !displayOptions).map(({ name, default: value }) => [name, value]));
	const isShown = (show: Record<string, unknown[] | undefined> = {}) => Object.entries(show).every(([name, values]) => name.startsWith('@') || values?.includes(byDefault.get(name)));
	const isEmpty = (value: unknown) => value === '' || (typeof value === 'object' && value !== null && (value as { value?: unknown }).value === '');
	const fields = properties.filter(({ required, displayOptions, default: value }) => required && isShown(displayOptions?.show) && isEmpty(value));
	const needed = credentials.filter(({ required, displayOptions }) => required && isShown(displayOptions?.show));
	return [...fields.map(({ displayName }) => displayName), ...needed.map(({ name }) => name)];
}

/** As the editor's panel at its usual width holds them, in a collection. */
const LABEL_CHARACTERS = 31;
/** Of n8n's HTTP Request, whose fields have the same labels here. */
const OF_HTTP_REQUEST = ['Array Format in Query Parameters', 'Send Credentials on Cross-Origin Redirect'];

describe.each(builtNodes())('$className', ({ className, file, description }) => {
	const folder = path.join(ROOT, path.dirname(file));
	const codex = JSON.parse(readFileSync(path.join(folder, `${className}.node.json`), 'utf8')) as Codex;

	test('has a codex with categories and aliases, and its own page as documentation', () => {
		expect(codex.node).toBe(`${manifest.name}.${description.name}`);
		expect(codex.categories.length).toBeGreaterThan(0);
		expect(codex.alias).toContain('Fastpath');
		expect(codex.alias.length).toBeGreaterThanOrEqual(4);
		expect(codex.resources.primaryDocumentation.map(({ url }) => url)).toEqual([`${PAGES}${className}.md`]);
		expect(existsSync(path.join(ROOT, 'docs', 'nodes', `${className}.md`))).toBe(true);
	});

	test('has an icon for light and one for dark, which differ and carry no script', () => {
		const { icon } = description;
		if (typeof icon !== 'object') throw new Error(`The icon is ${String(icon)}`);
		const [light, dark] = [icon.light, icon.dark].map((name) => readFileSync(path.join(folder, name.replace('file:', '')), 'utf8'));
		expect(light).not.toBe(dark);
		for (const svg of [light, dark]) {
			expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 (\d+) \1"/);
			expect(svg).not.toMatch(/<script|<image|<foreignObject|href=/i);
		}
	});

	test('says what it does, and on the canvas how it is set', () => {
		expect(description.description?.length).toBeGreaterThan(20);
		expect(description.description).not.toMatch(/\.$/);
		expect(description.subtitle).toMatch(/^=\{\{/);
		expect([description.version].flat().every((version) => version >= 1)).toBe(true);
	});

	test('gives a first result with three fields at most', () => {
		expect(toFillIn(description).length, toFillIn(description).join(', ')).toBeLessThanOrEqual(3);
	});

	test('explains each of its options', () => {
		const options = description.properties.filter(({ type }) => type === 'collection').flatMap(({ options: members = [] }) => members);
		const silent = options.filter((option) => 'displayName' in option && 'type' in option && option.type !== 'fixedCollection' && !option.description);
		expect(silent.map((option) => ('displayName' in option ? option.displayName : ''))).toEqual([]);
	});

	test('labels its options so that the panel shows the whole of the label', () => {
		const members = description.properties.filter(({ type }) => type === 'collection').flatMap(({ options = [] }) => options);
		const labels = members.flatMap((member) => ('displayName' in member ? [member.displayName] : []));
		expect(labels.filter((label) => label.length > LABEL_CHARACTERS && !OF_HTTP_REQUEST.includes(label))).toEqual([]);
	});

	test('has actions, if it stands in the flow, which the node panel offers and lets be dragged', () => {
		const operation = description.properties.find(({ name }) => name === 'operation');
		const standsInTheFlow = Array.isArray(description.outputs) && description.outputs.includes('main') && !description.group.includes('trigger');
		const actions = (operation?.options ?? []).flatMap((option) => ('action' in option && option.action ? [option.action] : []));
		if (standsInTheFlow) expect(actions.length).toBeGreaterThan(0);
	});
});

test.each<[className: string, given: INodeParameters, field: string, isShown: boolean]>([
	['PromptTemplate', {}, 'library', false],
	['PromptTemplate', { templateFrom: 'item' }, 'library', false],
	['PromptTemplate', { operation: 'explain' }, 'library', false],
	['PromptTemplate', { templateFrom: 'library' }, 'library', true],
	['PromptTemplate', { operation: 'save' }, 'library', true],
	['PromptTemplate', { operation: 'list' }, 'library', true],
	['PerformanceMonitor', {}, 'store', true],
	['PerformanceMonitor', { operation: 'prewarmConnections' }, 'store', false],
])('the panel of %s with %j: %s is shown: %s, as it has an effect or none', (className, given, field, isShown) => {
	const description = builtNodes().find((node) => node.className === className)?.description;
	const shown = description && NodeHelpers.getNodeParameters(description.properties, given, true, false, null, description);
	expect(Object.keys(shown ?? {}).includes(field)).toBe(isShown);
});

test('loading all nodes prints nothing, opens nothing and lets the process end', () => {
	const script = `for (const file of ${JSON.stringify([...manifest.n8n.nodes, ...manifest.n8n.credentials])}) { const loaded = require('./' + file); for (const Type of Object.values(loaded)) new Type(); }
		process.on('exit', () => { const open = process.getActiveResourcesInfo().filter((name) => !/^(TTY|Pipe)/.test(name)); if (open.length) console.log(open.join()); });`;
	const { stdout, stderr, status } = spawnSync(process.execPath, ['--trace-warnings', '-e', script], { cwd: ROOT, encoding: 'utf8', timeout: 20_000 });
	expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
});
