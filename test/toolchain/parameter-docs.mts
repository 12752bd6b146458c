/**
 * The nodes' parameters as a page of tables, made from the built descriptions: `npm run docs` writes
 * docs/parameters.md, and a test compares the two.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { INodeProperties, INodePropertyCollection, INodePropertyOptions, INodeTypeDescription } from 'n8n-workflow';

const ROOT = path.resolve(import.meta.dirname, '../..');
export const PAGE = path.join(ROOT, 'docs', 'parameters.md');

const INTRODUCTION = `# Parameters

Every parameter of every node, as the editor shows it. Made from the nodes themselves by \`npm run docs\`; do not edit.
`;

/** More than these fill no table. */
const MAX_CHOICES = 40;

const HEAD = '| Parameter | Type | Default | What it does |\n|---|---|---|---|';

export function parameterPage(): string {
	const require = createRequire(path.join(ROOT, 'package.json'));
	const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { n8n: { nodes: string[] } };
	const sections = manifest.n8n.nodes.map((file) => {
		const name = path.basename(file, '.node.js');
		const loaded = require(path.join(ROOT, file)) as Record<string, new () => { description: INodeTypeDescription }>;
		const NodeClass = loaded[name];
		if (!NodeClass) throw new Error(`${file} exports no class ${name}`);
		return section(new NodeClass().description);
	});
	return [INTRODUCTION, ...sections].join('\n');
}

function section(description: INodeTypeDescription): string {
	const unseen = new Set(['hidden', 'curlImport', 'credentials', 'notice']);
	const shown = description.properties.filter((property) => !unseen.has(property.type));
	const plain = shown.filter((property) => property.type !== 'collection');
	const parts = [`## ${description.displayName}`, '', `${description.description}.`, '', table(plain)];
	const collections = shown.filter((property) => property.type === 'collection');
	for (const collection of collections) {
		const twice = collections.some((other) => other !== collection && other.displayName === collection.displayName);
		const operation = twice ? ` (${operationOf(description, collection)})` : '';
		parts.push('', `### ${description.displayName}: ${collection.displayName}${operation}`, '', table(collection.options as INodeProperties[]));
	}
	return `${parts.join('\n')}\n`;
}

/** Which operation shows a property, by the name in the panel. */
function operationOf(description: INodeTypeDescription, { displayOptions }: INodeProperties): string {
	const [value] = displayOptions?.show?.operation ?? [];
	const operations = description.properties.find(({ name }) => name === 'operation')?.options ?? [];
	return (operations as INodePropertyOptions[]).find((operation) => operation.value === value)?.name ?? '';
}

function table(properties: INodeProperties[]): string {
	return [HEAD, ...properties.map(row)].join('\n');
}

function row(property: INodeProperties): string {
	const condition = Object.entries(property.displayOptions?.show ?? {})
		.filter(([name]) => name !== 'operation')
		.map(([name, values]) => `${name}: ${(values ?? []).join(' or ')}`);
	const when = condition.length === 0 ? '' : ` *(with ${condition.join(', ')})*`;
	return `| ${cell(property.displayName)} \`${property.name}\` | ${property.type} | ${defaultOf(property)} | ${cell(meaning(property))}${cell(when)} |`;
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

if (process.argv[1] === import.meta.filename) writeFileSync(PAGE, parameterPage());
