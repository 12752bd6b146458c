import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { madePages } from '../toolchain/parameter-docs.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })];

test.each(madePages())('$file is what npm run docs would write', ({ file, text }) => {
	expect(readFileSync(path.join(ROOT, file), 'utf8')).toBe(text);
});

test('docs/nodes holds pages of nodes that exist, and no others', () => {
	const written = madePages().map(({ file }) => file);
	expect(globSync('docs/nodes/*.md', { cwd: ROOT }).filter((file) => !written.includes(file))).toEqual([]);
});

test.each(PAGES)('%s links only to files that exist', (page) => {
	const text = readFileSync(path.join(ROOT, page), 'utf8');
	const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? '');
	const broken = links.filter((target) => !/^[a-z]+:/.test(target) && !existsSync(path.join(ROOT, path.dirname(page), target)));
	expect(broken).toEqual([]);
});

test.each(PAGES)('%s names only npm scripts that exist', (page) => {
	const text = readFileSync(path.join(ROOT, page), 'utf8');
	const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
	const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '');
	expect(named.filter((name) => !(name in scripts))).toEqual([]);
});
