import type { ProcessFacts, SeriesFacts, Snapshot, WindowName } from '../../core/snapshot';
import { failedOf, judgedOf, nameOf } from '../places';
import { processName } from '../readings';
import { inBytes, inMs, inNumber, inPercent, inUsd, shortened } from '../words';
import { html, type Content, type Markup } from './html';

const MOST_ROWS = 25;

function table(title: string, caption: string, heads: readonly string[], rows: ReadonlyArray<readonly [Content, ...Content[]]>): Markup {
	const [first, ...rest] = heads;
	return html`<section><h2>${title}</h2><div class="card scroll"><table><caption>${caption}</caption><thead><tr><th scope="col">${first}</th>${rest.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${rows.map(
		([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`,
	)}</tbody></table></div></section>`;
}

export function drawSeries({ windows }: Snapshot, window: WindowName, span: string): Content {
	const series = [...windows[window].series].sort((a, b) => b.durationMs.sum - a.durationMs.sum);
	if (series.length === 0) return '';
	const caption = series.length > MOST_ROWS ? `The ${MOST_ROWS} that took the most time, of ${series.length}; ${span}.` : `Those that took the most time first; ${span}.`;
	return table('By node and service', caption, ['What', 'Calls', 'Failed', 'Cached', 'p50', 'p95', 'p99', 'Spent', 'Saved'], series.slice(0, MOST_ROWS).map(rowOf));
}

function rowOf(series: SeriesFacts): [Content, ...Content[]] {
	const { node, source, calls, hits, similar, stale, durationMs, costUsd, savedUsd } = series;
	const place = nameOf({ ...series, node: '' });
	const judged = judgedOf(series);
	const share = (part: number, whole: number) => (whole > 0 ? inPercent(part / whole) : '–');
	const money = (usd: number) => (usd > 0 ? inUsd(usd) : '–');
	return [
		html`${shortened(node || source, 60)}<br><span class="quiet">${shortened(place, 90)}</span>`,
		inNumber(calls), share(failedOf(series), judged), share(hits + similar + stale, calls), inMs(durationMs.p50), inMs(durationMs.p95), inMs(durationMs.p99), money(costUsd), money(savedUsd),
	];
}

export function drawProcesses({ processes, at }: Snapshot): Content {
	if (processes.length === 0) return '';
	const row = (one: ProcessFacts): [Content, ...Content[]] => {
		const { heapUsedBytes, heapLimitBytes, rssBytes, cpu, loopDelayP99Ms } = one.now;
		return [shortened(processName(one), 90), inMs(Math.max(0, at - one.startedAt)), heapLimitBytes > 0 ? `${inPercent(heapUsedBytes / heapLimitBytes)} of ${inBytes(heapLimitBytes)}` : '–', inBytes(rssBytes), inPercent(cpu), inMs(loopDelayP99Ms)];
	};
	return table('Processes', 'Those that were heard of.', ['Process', 'Up for', 'Heap', 'Memory in all', 'Processor', 'Event loop delay, p99'], processes.slice(0, MOST_ROWS).map(row));
}
