/**
 * The nodes' parameters as tables, made from the built descriptions: `npm run docs` writes them into the marked part of each
 * node's page in docs/nodes, the rest of which is written by hand, the list of the pages, and the gallery. A test compares.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeProperties, INodePropertyCollection, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';
import { builtNodes } from './built-nodes.mts';
import { galleryPage } from './gallery-page.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const BEGIN = '<!-- Made from the node by `npm run docs`; do not edit from here on. -->';
const END = '<!-- Made until here. -->';

/** More than these fill no table. */
const MAX_CHOICES = 40;

const HEAD = '| Parameter | Type | Default | What it does |\n|---|---|---|---|';

interface Page {
	/** Relative to the repository. */
	readonly file: string;
	readonly text: string;
}

/** What the pages should be, given what they are. */
export function madePages(): Page[] {
	const nodes = builtNodes().map(({ className, description }) => ({ className, description, file: `docs/nodes/${className}.md` }));
	const pages = nodes.map(({ className, description, file }) => {
		const absolute = path.join(ROOT, file);
		const present = existsSync(absolute) ? readFileSync(absolute, 'utf8') : `# ${description.displayName}\n\n${description.description}.\n`;
		return { file, text: withTables(present, tables(description, picturesOf(className))) };
	});
	return [indexPage(nodes), galleryPage(), ...pages];
}

function indexPage(nodes: ReadonlyArray<{ description: INodeTypeDescription; file: string }>): Page {
	const rows = nodes.map(({ description, file }) => `| [${description.displayName}](${path.posix.relative('docs', file)}) | ${description.description} |`);
	const introduction = '# Parameters\n\nEvery parameter of a node stands on its page. Made by `npm run docs`; do not edit.';
	return { file: 'docs/parameters.md', text: `${introduction}\n\n| Node | |\n|---|---|\n${rows.join('\n')}\n` };
}

function withTables(page: string, made: string): string {
	const [before = ''] = page.split(BEGIN);
	const after = page.split(END)[1] ?? '\n';
	return `${before.trimEnd()}\n\n${BEGIN}\n\n${made}\n\n${END}${after}`;
}

/** Of the panel, where `npm run pictures` has drawn it. */
function picturesOf(className: string): string[] {
	const picture = `pictures/nodes/${className}.png`;
	return existsSync(path.join(ROOT, 'docs', picture)) ? [`![The panel as a new node shows it](../${picture})`] : [];
}

function tables(description: INodeTypeDescription, pictures: readonly string[]): string {
	const unseen = new Set(['hidden', 'curlImport', 'credentials', 'notice']);
	const shown = description.properties.filter((property) => !unseen.has(property.type));
	const parts = ['## Parameters', ...pictures];
	for (const [operations, properties] of byOperations(shown.filter(({ type }) => type !== 'collection'))) {
		if (operations !== '') parts.push(`### ${operationNames(description, operations.split(' '))}`);
		parts.push(table(properties));
	}
	const collections = shown.filter((property) => property.type === 'collection');
	for (const collection of collections) {
		const twice = collections.some((other) => other !== collection && other.displayName === collection.displayName);
		const operations = twice ? ` (${operationNames(description, operationsOf(collection))})` : '';
		parts.push(`### ${collection.displayName}${operations}`, table(collection.options as INodeProperties[]));
	}
	return parts.join('\n\n');
}

/** Those of all operations first, under an empty name. */
function byOperations(properties: readonly INodeProperties[]): Map<string, INodeProperties[]> {
	const groups = new Map<string, INodeProperties[]>([['', []]]);
	for (const property of properties) {
		const key = operationsOf(property).join(' ');
		groups.set(key, [...(groups.get(key) ?? []), property]);
	}
	if (groups.get('')?.length === 0) groups.delete('');
	return groups;
}

function operationsOf({ displayOptions }: INodeProperties): string[] {
	return (displayOptions?.show?.operation ?? []).map(String);
}

/** As the panel calls them. */
function operationNames(description: INodeTypeDescription, values: readonly string[]): string {
	const operations = (description.properties.find(({ name }) => name === 'operation')?.options ?? []) as INodePropertyOptions[];
	return values.map((value) => operations.find((operation) => operation.value === value)?.name ?? value).join(', ');
}

function table(properties: INodeProperties[]): string {
	return [HEAD, ...properties.map(row)].join('\n');
}

function row(property: INodeProperties): string {
	const condition = Object.entries(property.displayOptions?.show ?? {})
		.filter(([name]) => name !== 'operation')
		.map(([name, values]) => `${name}: ${(values ?? []).map(conditionText).join(' or ')}`);
	const when = condition.length === 0 ? '' : ` *(with ${condition.join(', ')})*`;
	return `| ${cell(property.displayName)} \`${property.name}\` | ${property.type} | ${defaultOf(property)} | ${cell(meaning(property))}${cell(when)} |`;
}

function conditionText(value: unknown): string {
	if (typeof value !== 'object' || value === null) return String(value);
	return Object.entries((value as { _cnd?: object })._cnd ?? value).map(([name, bound]) => `${name} ${String(bound)}`).join(' ');
}

function meaning(property: INodeProperties): string {
	const text = property.description ?? '';
	if (property.type === 'fixedCollection') {
		const groups = (property.options ?? []) as INodePropertyCollection[];
		const members = groups.flatMap((group) => group.values.map((value) => value.displayName));
		return [text, `Fields: ${[...new Set(members)].join(', ')}.`].filter(Boolean).join(' ');
	}
	if (property.type !== 'options') return text;
	const count = property.options?.length ?? 0;
	if (count > MAX_CHOICES) return `${text}. One of ${count}, as the editor lists them.`;
	const choices = ((property.options ?? []) as INodePropertyOptions[]).map((option) =>
		option.description ? `**${option.name}**: ${option.description}` : `**${option.name}**`,
	);
	return [text, choices.join('; ')].filter(Boolean).join(' ');
}

function defaultOf(property: INodeProperties): string {
	const { default: value } = property;
	if (value === '' || value === undefined || value === null) return '';
	if (typeof value === 'object') return Object.keys(value).length === 0 || property.type === 'resourceLocator' ? '' : 'see the panel';
	if (property.type === 'json') return 'see the panel';
	return `\`${cell(String(value))}\``;
}

/** Within a table's cell a bar and a line break would end it, and an angle bracket would be HTML. */
function cell(text: string): string {
	return text
		.replace(/<[^>]+>/g, '')
		.replace(/\s*\n\s*/g, ' ')
		.replaceAll('|', '\\|');
}

if (process.argv[1] === import.meta.filename) {
	mkdirSync(path.join(ROOT, 'docs', 'nodes'), { recursive: true });
	for (const { file, text } of madePages()) writeFileSync(path.join(ROOT, file), text);
}
