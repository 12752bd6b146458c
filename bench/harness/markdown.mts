import type { Row, Table } from './result.mts';
import type { Spread } from './stats.mts';

/** Three significant digits, thousands apart. */
export function shown(value: number): string {
	if (!Number.isFinite(value)) return '–';
	const size = Math.abs(value);
	if (size >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
	return String(Number(value.toPrecision(3)));
}

export function grid(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
	const widths = head.map((title, column) => Math.max(title.length, 3, ...rows.map((row) => row[column]?.length ?? 0)));
	const pad = (text: string, column: number) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0));
	const line = (cells: readonly string[]) => `| ${cells.map(pad).join(' | ')} |`;
	const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
	return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Medians, and the middle half of the rounds in brackets. */
export function toMarkdown(table: Table): string {
	const columns = [...new Set(table.rows.flatMap((row) => Object.keys(row.also ?? {})))];
	const ratio = table.baseline === undefined ? [] : [table.compare === 'cost' ? `× ${table.baseline}` : `times as fast as ${table.baseline}`];
	const head = [table.title, `${table.unit}`, ...ratio, ...columns];
	return grid(head, table.rows.map((row) => [row.name, withSpread(row), ...ratio.map(() => ratioOf(row)), ...columns.map((name) => also(row, name))]));
}

function withSpread({ median, low, high }: Spread): string {
	return low === high ? shown(median) : `${shown(median)} (${shown(low)}–${shown(high)})`;
}

function ratioOf({ ratio }: Row): string {
	return ratio ? withSpread(ratio) : '';
}

function also(row: Row, name: string): string {
	const value = row.also?.[name];
	return value === undefined ? '' : shown(value);
}
