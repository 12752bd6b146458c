import { shortened } from '../words';
import { html, px, type Markup } from './html';
import { drawing, type Axes } from './plot';
import type { Day } from './series';

export const HEAT_STEPS = 5;
const MOST_ROWS = 8;
const MOST_COLUMNS = 72;
const WIDTH = 1080;
const ROW = 24;
const LEFT = 210;
const RIGHT = 34;

export interface HeatCell {
	readonly row: string;
	readonly at: number;
	readonly count: number;
}

/** Errors by code, the most frequent first, over slots put together to at most MOST_COLUMNS. */
export function heatOf({ slots, slotMs, from }: Day): { readonly rows: readonly string[]; readonly cells: readonly HeatCell[]; readonly spanMs: number } {
	const spanMs = slotMs * Math.ceil(slots.length / MOST_COLUMNS);
	const counts = new Map<string, Map<number, number>>();
	for (const { at, minutes } of slots) {
		const column = from + Math.floor((at - from) / spanMs) * spanMs;
		for (const { errorsBy } of minutes) {
			for (const [code, count] of Object.entries(errorsBy)) {
				const row = counts.get(code) ?? new Map<number, number>();
				counts.set(code, row.set(column, (row.get(column) ?? 0) + count));
			}
		}
	}
	const all = (code: string) => [...(counts.get(code)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
	const rows = [...counts.keys()].filter((code) => all(code) > 0).sort((a, b) => all(b) - all(a)).slice(0, MOST_ROWS);
	const cells = rows.flatMap((row) => [...(counts.get(row) ?? [])].filter(([, count]) => count > 0).map(([at, count]) => ({ row, at, count })));
	return { rows, cells, spanMs };
}

/** Which shade a count has, from 1 to HEAT_STEPS: in steps of a logarithm, as bursts are a hundred times what is usual. */
export function shadeOf(count: number, most: number): number {
	return most <= 1 ? HEAT_STEPS : 1 + Math.min(HEAT_STEPS - 1, Math.floor((Math.log(count) / Math.log(most)) * HEAT_STEPS));
}

export function drawHeatMap(day: Day, times: Axes['times'], timeOf: (at: number) => string): Markup {
	const { rows, cells, spanMs } = heatOf(day);
	const most = Math.max(1, ...cells.map(({ count }) => count));
	const columns = Math.ceil((day.to - day.from) / spanMs);
	const width = (WIDTH - LEFT - RIGHT) / columns;
	const height = rows.length * ROW + 26;
	const xAt = (at: number) => LEFT + ((at - day.from) / spanMs) * width;
	const grid = rows.map((row, index) => html`<text class="tick" x="${LEFT - 8}" y="${index * ROW + ROW / 2}" dy=".32em" text-anchor="end">${shortened(row, 26)}</text><rect class="empty" x="${LEFT}" y="${index * ROW + 1}" width="${px(columns * width)}" height="${ROW - 2}"/>`);
	const filled = cells.map(({ row, at, count }) => {
		const text = `${timeOf(at)}: ${count} × ${shortened(row, 60)}`;
		return html`<rect class="heat${shadeOf(count, most)}" x="${px(xAt(at) + 0.5)}" y="${rows.indexOf(row) * ROW + 1}" width="${px(Math.max(1, width - 1))}" height="${ROW - 2}"><title>${text}</title></rect>`;
	});
	const axis = times.map(({ at, label }) => html`<text class="tick" x="${px(xAt(at))}" y="${height - 8}" text-anchor="middle">${label}</text>`);
	return drawing(`Errors by code over time; ${most} in the worst stretch`, [grid, filled, axis], WIDTH, height);
}
