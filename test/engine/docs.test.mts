import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { globSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE, parameterPage } from '../toolchain/parameter-docs.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGES = [...globSync('*.md', { cwd: ROOT }), ...globSync('docs/**/*.md', { cwd: ROOT })];

test('docs/parameters.md is what npm run docs would write', () => {
	expect(readFileSync(PAGE, 'utf8')).toBe(parameterPage());
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
