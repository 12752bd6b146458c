import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifest } from '../toolchain/built-nodes.mts';
import { madePages } from '../toolchain/parameter-docs.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })];
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

test.each(madePages())('$file is what npm run docs would write', ({ file, text }) => {
	expect(read(file)).toBe(text);
});

test('docs/nodes holds pages of nodes that exist, and no others', () => {
	const written = madePages().map(({ file }) => file);
	expect(globSync('docs/nodes/*.md', { cwd: ROOT }).filter((file) => !written.includes(file))).toEqual([]);
});

/** As GitHub names the headings of a page. */
function anchorsOf(text: string): Set<string> {
	const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
	return new Set(headings.map((heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').trim().replaceAll(' ', '-')));
}

/** Files of the repository that a page names in backquotes, such as `lib/core/clock.ts`; `nodes/X/` stands for any node. */
function filesNamedIn(text: string): string[] {
	const named = [...text.matchAll(/`(?:node )?((?:lib|nodes|test|bench|docs|workflows|\.github)\/[\w./-]+\.\w+)(?: [^`]*)?`/g)];
	return named.map(([, file]) => file ?? '').filter((file) => !file.includes('/X/'));
}

describe.each(PAGES)('%s', (page) => {
	const text = read(page);
	const prose = text.replace(/```[\s\S]*?```/g, '');

	test('links only to files and headings that exist', () => {
		const broken = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)].map(([, target = '']) => target).filter((target) => {
			if (/^[a-z]+:/.test(target)) return false;
			const [file = '', anchor] = target.split('#');
			const absolute = file === '' ? path.join(ROOT, page) : path.join(ROOT, path.dirname(page), file);
			if (!existsSync(absolute)) return true;
			return anchor !== undefined && !anchorsOf(readFileSync(absolute, 'utf8')).has(anchor);
		});
		expect(broken).toEqual([]);
	});

	test('names only files and npm scripts that exist', () => {
		const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name ?? '').filter((name) => !(name in manifest.scripts));
		const files = filesNamedIn(text).filter((file) => !existsSync(path.join(ROOT, file)));
		expect([...scripts, ...files]).toEqual([]);
	});

	test('has code blocks that can be read: commands of programs that are there, and JSON that parses', () => {
		const wrong: string[] = [];
		for (const [, language = '', code = ''] of text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
			if (language === 'json') JSON.parse(code);
			if (language !== '') continue;
			for (const [line] of code.matchAll(/^(npx|node|npm) .*$/gm)) {
				const [program, word = '', file = ''] = line.split(' ');
				if (program === 'npx' && word !== manifest.name && word !== 'vitest') wrong.push(line);
				if (program === 'node' && !existsSync(path.join(ROOT, word))) wrong.push(line);
				if (program === 'npx' && word === 'vitest' && !existsSync(path.join(ROOT, line.split(' ').at(-1) ?? file))) wrong.push(line);
			}
		}
		expect(wrong).toEqual([]);
	});
});

/** What README and pages say of bounds, beside what the code says of them. */
const MEMORY = '1,000, 64 MB in all, 1 MB each';
const BOUNDS: ReadonlyArray<readonly [page: string, said: string, source: string, set: string]> = [
	['README.md', MEMORY, 'lib/core/cache-limits.ts', 'cacheEntries: 1000'],
	['README.md', MEMORY, 'lib/core/cache-limits.ts', 'cacheMegabytes: 64'],
	['README.md', MEMORY, 'lib/cache/memory-store.ts', 'MEGABYTE = 1_048_576'],
	['README.md', 'requests of a node at once | 50', 'nodes/shared/http/defaults.ts', 'concurrency: 50'],
	['README.md', '500; idle ones leave after 30 minutes', 'lib/runtime/runtime.ts', 'MAX_SCOPES = 500'],
	['README.md', '500; idle ones leave after 30 minutes', 'lib/runtime/runtime.ts', 'IDLE_MS = 30 * 60_000'],
	['README.md', '100 MB, before and after', 'nodes/shared/http/defaults.ts', 'maxResponseMb: 100'],
	['README.md', '250,000 entries, 64 MB', 'lib/runtime/journals.ts', 'MAX_ENTRIES = 250_000'],
	['README.md', '250,000 entries, 64 MB', 'lib/runtime/journals.ts', 'MAX_BYTES = 64 * 1_048_576'],
	['README.md', '20,000, 48 MB', 'lib/similar/index.ts', 'maxEntries ?? 20_000'],
	['README.md', '20,000, 48 MB', 'lib/similar/index.ts', 'maxBytes ?? 48 * 1_048_576'],
	['README.md', 'shared stores | 20 |', 'lib/runtime/shared-stores.ts', 'MAX_STORES = 20'],
	['docs/nodes/CachedAiCall.md', 'at most 1,000 answers, 64 MB in all, 1 MB each', 'lib/core/cache-limits.ts', 'cacheEntries: 1000'],
];

test.each(BOUNDS)('%s says "%s" as %s sets it', (page, said, source, set) => {
	expect(read(page).replace(/\s+/g, ' ')).toContain(said);
	expect(read(source)).toContain(set);
});

test('the README names the oldest n8n and Node that are tried', () => {
	expect(read('README.md')).toContain('1.123 and later');
	expect(read('test/compat/compat.mts')).toMatch(/export const OLDEST = '1\.123\./);
	expect(read('README.md')).toContain(`${manifest.engines.node.replace('>=', '')} and later`);
	expect(read('.github/workflows/ci.yml')).toContain(`'${manifest.engines.node.replace('>=', '')}'`);
});
