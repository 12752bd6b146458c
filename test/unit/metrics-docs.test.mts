import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FAMILIES } from '../../lib/metrics/families.ts';
import { findProgram } from '../toolchain/system-packages.mts';

const DOCS = path.resolve(import.meta.dirname, '../../docs');
const PROMTOOL = findProgram('promtool');
if (!PROMTOOL) console.warn('promtool is not on this machine: the check of the dashboard is SKIPPED (Debian: apt-get install prometheus)');

const LABELS = ['process', 'source', 'workflow_id', 'node', 'origin', 'model', 'cache', 'code', 'direction', 'pool', 'circuit', 'kind', 'host', 'pid', 'le'];

interface Panel {
	readonly title: string;
	readonly type: string;
	readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
	readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>;
}

const dashboard = JSON.parse(readFileSync(path.join(DOCS, 'grafana/dashboard.json'), 'utf8')) as {
	readonly panels: readonly Panel[];
	readonly templating: { readonly list: ReadonlyArray<{ readonly name: string; readonly definition?: string }> };
};
const queries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** What stands in the text under each name. */
const SAMPLES = FAMILIES.flatMap(({ name, type }) => (type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name]));

test('the page lists every name with its type and meaning, and no others', () => {
	const rows = readFileSync(path.join(DOCS, 'metrics.md'), 'utf8').split('\n').filter((line) => line.startsWith('| `fastpath_'));
	expect(rows).toEqual(FAMILIES.map(({ name, type, help }) => `| \`${name}\` | ${type} | ${help} |`));
});

test('the dashboard asks for names that there are, by labels that there are, with variables that it has', () => {
	expect(queries.length).toBeGreaterThan(30);
	const variables = dashboard.templating.list;
	const text = [...queries, ...variables.map(({ definition = '' }) => definition)].join('\n');
	const named = [...new Set(text.match(/fastpath_\w+/g))];
	expect(named.filter((name) => !SAMPLES.includes(name))).toEqual([]);
	const labels = [...text.matchAll(/(\w+)=~?"/g), ...text.matchAll(/by \(([^)]+)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
	expect(labels.filter((label) => !LABELS.includes(label))).toEqual([]);
	const used = [...new Set([...text.matchAll(/\$(\w+)/g)].map(([, name = '']) => name))].filter((name) => !name.startsWith('__'));
	expect(used.filter((name) => !variables.some((variable) => variable.name === name))).toEqual([]);
});

test('its panels lie beside each other', () => {
	const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
		Array.from({ length: w * h }, (_none, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
	);
	expect(new Set(cells).size).toBe(cells.length);
	expect(dashboard.panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

test.skipIf(!PROMTOOL)('promtool can read each of its queries', () => {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-queries-'));
	try {
		const plain = queries.map((query) => query.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h').replaceAll(/\$\w+/g, '.*'));
		const rules = plain.map((expr, index) => ({ record: `query:${index}`, expr }));
		const file = path.join(folder, 'rules.yml');
		writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
		expect(execFileSync(PROMTOOL ?? '', ['check', 'rules', file], { encoding: 'utf8' })).toContain(`${queries.length} rules found`);
	} finally {
		rmSync(folder, { recursive: true });
	}
});
