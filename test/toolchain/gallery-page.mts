/** docs/gallery.md from the workflows themselves: their names, their notes, and the pictures that `npm run pictures` has drawn. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../..');
const INTRODUCTION = `# Gallery

Workflows to import (Workflows → ⋯ → Import from file), each of which the tests run in a real n8n. Choose credentials of yours where a
node asks for them. Addresses on 127.0.0.1:8080 are those of the stand-in server of this repository, which \`npm run stand-in\` starts; put your
own there. What programs ask is apart: [endpoints](endpoints.md). Made from the workflows by \`npm run docs\`; do not edit.
`;

interface WorkflowFile {
	readonly name: string;
	readonly nodes: ReadonlyArray<{ readonly type: string; readonly parameters: { readonly content?: string } }>;
}

export function galleryPage(): { readonly file: string; readonly text: string } {
	const files = globSync('*.json', { cwd: path.join(ROOT, 'workflows') }).map((file) => path.basename(file, '.json'));
	// Those that the demo compares teach the least by themselves.
	const ordered = files.sort((one, other) => Number(one.startsWith('compare')) - Number(other.startsWith('compare')) || (one < other ? -1 : 1));
	return { file: 'docs/gallery.md', text: [INTRODUCTION, ...ordered.map(entry)].join('\n') };
}

function entry(file: string): string {
	const { name, nodes } = JSON.parse(readFileSync(path.join(ROOT, 'workflows', `${file}.json`), 'utf8')) as WorkflowFile;
	const notes = nodes.filter(({ type }) => type === 'n8n-nodes-base.stickyNote').map(({ parameters }) => withoutHeading(parameters.content ?? ''));
	const picture = `pictures/workflows/${file}.png`;
	const shown = existsSync(path.join(ROOT, 'docs', picture)) ? [`![${name}](${picture})`] : [];
	return `${[`## ${name}`, ...shown, ...notes.filter(Boolean), `[${file}.json](../workflows/${file}.json)`].join('\n\n')}\n`;
}

/** The workflow's name stands there already. */
function withoutHeading(note: string): string {
	return note.replace(/^#+ .*\n*/, '').trim();
}
