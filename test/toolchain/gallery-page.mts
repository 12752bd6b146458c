/** docs/gallery.md from the workflows themselves: their names, their notes, and the pictures that `npm run pictures` has drawn. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const INTRODUCTION = `# Gallery

Workflows to import (Workflows → ⋯ → Import from file), each of which the tests run in a real n8n. Choose credentials of yours where a
node asks for them. Addresses on 127.0.0.1:8080 are those of the stand-in server of this repository, which \`npm run stand-in\` starts; put your
own there. What programs ask stands [at the end](#endpoints). Made from the workflows by \`npm run docs\`; do not edit.
`;

const ENDPOINTS = `## Endpoints

Workflows that answer programs: a webhook, a node and an answer. [How each is asked, and what it answers](endpoints.md). They look alike; this is one of them.
Choose a Header Auth credential in the webhook of each.`;
/** What all of their notes say, and the page once. */
const OF_ALL = / ?Choose in the webhook a Header Auth credential[^.]*\./;

/** The one that is shown. */
export const SHOWN_ENDPOINT = 'endpoints/optimize-ai-calls';

interface WorkflowFile {
	readonly name: string;
	readonly nodes: ReadonlyArray<{ readonly type: string; readonly parameters: { readonly content?: string } }>;
}

export function galleryPage(): { readonly file: string; readonly text: string } {
	const files = globSync('*.json', { cwd: path.join(ROOT, 'workflows') }).map((file) => path.basename(file, '.json'));
	// Those that the demo compares teach the least by themselves.
	const ordered = files.sort((one, other) => Number(one.startsWith('compare')) - Number(other.startsWith('compare')) || (one < other ? -1 : 1));
	return { file: 'docs/gallery.md', text: [INTRODUCTION, ...ordered.map(entry), endpoints()].join('\n') };
}

function entry(file: string): string {
	const { name, notes } = read(file);
	return `${[`## ${name}`, ...pictureOf(file, name), ...notes, `[${file}.json](../workflows/${file}.json)`].join('\n\n')}\n`;
}

/** A table: a picture of each would say the same fourteen times. */
function endpoints(): string {
	const files = globSync('*.json', { cwd: path.join(ROOT, 'workflows', 'endpoints') }).sort();
	const rows = files.map((file) => {
		const { name, notes } = read(`endpoints/${path.basename(file, '.json')}`);
		return `| [${name.replace('Endpoint: ', '')}](../workflows/endpoints/${file}) | ${notes.join(' ').replace(OF_ALL, '').replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')} |`;
	});
	return `${[ENDPOINTS, ...pictureOf(SHOWN_ENDPOINT, 'An endpoint'), ['| Workflow | What it does |', '|---|---|', ...rows].join('\n')].join('\n\n')}\n`;
}

function read(file: string): { readonly name: string; readonly notes: readonly string[] } {
	const { name, nodes } = JSON.parse(readFileSync(path.join(ROOT, 'workflows', `${file}.json`), 'utf8')) as WorkflowFile;
	const notes = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote').map(({ parameters }) => withoutHeading(parameters.content ?? ''));
	return { name, notes: notes.filter(Boolean) };
}

function pictureOf(file: string, name: string): string[] {
	const picture = `pictures/workflows/${file}.png`;
	return existsSync(path.join(ROOT, 'docs', picture)) ? [`![${name}](${picture})`] : [];
}

/** The workflow's name stands there already. */
function withoutHeading(note: string): string {
	return note.replace(/^#+ .*\n*/, '').trim();
}
