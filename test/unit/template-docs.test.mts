import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_NESTING, MAX_OUTPUT, MAX_PARTIALS, MAX_TEXT, MAX_VALUES } from '../../lib/template/bounds.ts';
import { Compiler } from '../../lib/template/compile.ts';
import { FILTERS, TAGS } from '../../lib/template/engine.ts';
import { FakeClock } from '../helpers/fake-clock.mts';

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../docs/prompt-templates.md'), 'utf8');
const compiler = new Compiler(new FakeClock());

/** Cells hold code; a bar in it is escaped, as Markdown wants it. */
const examples = [...PAGE.matchAll(/^\| `(.*)` \| `(\{.*\})` \| `(.*)` \|$/gm)].map(([, ...cells]) => cells.map((cell) => cell.replaceAll('\\|', '|')) as [string, string, string]);

const list = (label: string) => [...(new RegExp(`^${label}: (.*?)\\.$`, 'ms').exec(PAGE)?.[1] ?? '').matchAll(/`([a-z_]+)`/g)].map(([, name]) => name!).sort();

describe('docs/prompt-templates.md', () => {
	test.each(examples)('%s with %s', (text, item, expected) => {
		const compiled = compiler.compile({ text, escape: 'text', title: 'It', partial: () => undefined });
		expect(compiled.fill(JSON.parse(item) as Record<string, unknown>, { strict: true, title: 'It' })).toBe(expected);
	});

	test('has examples, and names every block and filter there is', () => {
		expect(examples.length).toBeGreaterThan(12);
		expect(list('Filters')).toEqual([...FILTERS].sort());
		expect(list('Blocks')).toEqual(TAGS.filter((name) => name !== '#').sort());
	});

	test('tells the bounds as they are', () => {
		const bounds = PAGE.slice(PAGE.indexOf('## Bounds'));
		for (const bound of [MAX_TEXT, MAX_PARTIALS, MAX_NESTING, MAX_VALUES, MAX_OUTPUT]) expect(bounds).toContain(bound.toLocaleString('en-US'));
	});
});
