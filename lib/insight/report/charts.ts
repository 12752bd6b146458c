import type { InsightSettings } from '../settings';
import { counted, inMs, inNumber, inPercent, inUsd } from '../words';
import { drawBars } from './bars';
import { drawHeatMap } from './heat-map';
import { html, type Content, type Markup } from './html';
import { drawArea, drawHints, drawLimit, drawLine, drawNames, type Sample } from './lines';
import { drawAxes, drawing, linearTicks, logTicks, type Frame } from './plot';
import { samplesOf, shareIn, sumIn, usual, worstOf, type Day } from './series';
import type { Times } from './times';

/** A chart with its title, what it says in words, and what its colours mean. */
function figure(title: string, says: Content, chart: Content, { legend = '', isWide = false }: { readonly legend?: Content; readonly isWide?: boolean } = {}): Markup {
	return html`<figure class="card${isWide ? ' wide' : ''}"><figcaption><h3>${title}</h3><p>${says}</p></figcaption>${chart}${legend ? html`<p class="legend">${legend}</p>` : ''}</figure>`;
}

const key = (kind: string, name: string) => html`<span><i class="${kind}"></i>${name}</span>`;
const nothing = (what: string) => html`<p class="none">${what}</p>`;

export function drawCharts(day: Day, settings: InsightSettings, times: Times): Markup {
	const draw = { day, times };
	return html`${responseTimes(draw, settings)}${calls(draw)}${share(draw, CACHE)}${share(draw, CONNECTIONS)}${money(draw)}${load(draw, settings)}${errors(draw)}`;
}

interface Draw {
	readonly day: Day;
	readonly times: Times;
}

const most = (samples: readonly Sample[]) => Math.max(0, ...samples.map(({ value }) => value ?? 0));

function hintsOf({ day, times }: Draw, text: (index: number) => string | undefined): Markup {
	const hints = day.slots.flatMap(({ at, minutes }, index) => {
		const said = minutes.length > 0 ? text(index) : undefined;
		return said ? [{ at: at + day.slotMs / 2, text: `${times.clock(at)}: ${said}` }] : [];
	});
	return drawHints({ ...day, top: 1 }, hints, day.slotMs);
}

function responseTimes(draw: Draw, { responseMs }: InsightSettings): Markup {
	const { day, times } = draw;
	const [p50, p95, p99] = (['p50', 'p95', 'p99'] as const).map((name) => samplesOf(day, usual(name))) as [Sample[], Sample[], Sample[]];
	const highest = most(p99);
	const title = 'Response time';
	if (highest === 0) return figure(title, 'What callers wait, with all that comes before an answer.', nothing('No calls in this time.'));
	const known = p50.flatMap(({ value }) => (value ? [value] : []));
	const lowest = Math.max(0.1, Math.min(...known));
	// Where the slow calls are far from the usual ones, only a logarithmic scale shows both.
	const isLogarithmic = highest > 12 * lowest;
	const ticks = isLogarithmic ? logTicks(lowest, highest) : linearTicks(highest);
	const frame: Frame = { ...day, top: ticks.at(-1) ?? highest, isLogarithmic, ...(isLogarithmic ? { bottom: ticks[0] ?? 1 } : {}) };
	const hints = hintsOf(draw, (index) => {
		const [middle, high, higher] = [p50, p95, p99].map((samples) => samples[index]?.value ?? null);
		return middle === null || middle === undefined ? undefined : `p50 ${inMs(middle)}, p95 ${inMs(high ?? 0)}, p99 ${inMs(higher ?? 0)}`;
	});
	const limit = responseMs > 0 ? drawLimit(frame, responseMs) : '';
	const lines = [{ samples: p50, kind: 'p50', name: 'p50' }, { samples: p95, kind: 'p95', name: 'p95' }, { samples: p99, kind: 'p99', name: 'p99' }];
	return figure(
		title,
		html`What callers wait: half of them less than p50, 95 of 100 less than p95.${isLogarithmic ? ' Logarithmic scale.' : ''}`,
		drawing(`Response times over time; p99 is at most ${inMs(highest)}`, [drawAxes(frame, { ticks, label: inMs, times: times.ticks(frame) }), limit, lines.map(({ samples, kind }) => drawLine(frame, samples, kind)), drawNames(frame, lines), hints]),
		{ legend: [key('p50', 'p50'), key('p95', 'p95'), key('p99', 'p99'), responseMs > 0 && responseMs <= frame.top ? key('limit', `limit ${inMs(responseMs)}`) : ''] },
	);
}

function calls(draw: Draw): Markup {
	const { day, times } = draw;
	const perMinute = (value: number) => value / (day.slotMs / 60_000);
	const stacks = day.slots.map(({ at, minutes }) => {
		const failed = perMinute(sumIn(minutes, ({ errors: count }) => count));
		return { at: at + day.slotMs / 2, parts: [{ kind: 'failed', value: failed }, { kind: 'ok', value: perMinute(sumIn(minutes, ({ calls: count }) => count)) - failed }] };
	});
	const highest = Math.max(0, ...stacks.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
	if (highest === 0) return figure('Calls', 'Per minute.', nothing('No calls in this time.'));
	const ticks = linearTicks(highest);
	const frame = { ...day, top: ticks.at(-1) ?? highest };
	const hints = hintsOf(draw, (index) => {
		const minutes = day.slots[index]?.minutes ?? [];
		return `${counted(sumIn(minutes, ({ calls: count }) => count), 'call')}, ${inNumber(sumIn(minutes, ({ errors: count }) => count))} failed`;
	});
	return figure('Calls', 'Per minute.', drawing(`Calls per minute over time; at most ${inNumber(highest)}`, [drawAxes(frame, { ticks, label: inNumber, times: times.ticks(frame) }), drawBars(frame, stacks, day.slotMs), hints]), {
		legend: [key('ok', 'answered'), key('failed', 'failed')],
	});
}

interface ShareChart {
	readonly title: string;
	readonly says: string;
	readonly none: string;
	readonly part: 'hits' | 'reusedConnections';
	readonly whole: 'calls' | 'attempts';
}

const CACHE: ShareChart = { title: 'Answered from the cache', says: 'Share of calls that were answered without asking anybody.', none: 'No calls in this time.', part: 'hits', whole: 'calls' };
const CONNECTIONS: ShareChart = { title: 'Connections used again', says: 'Share of requests that found their connection open.', none: 'No requests in this time.', part: 'reusedConnections', whole: 'attempts' };

function share(draw: Draw, { title, says, none, part, whole }: ShareChart): Markup {
	const { day, times } = draw;
	const samples = samplesOf(day, shareIn((minute) => minute[part], (minute) => minute[whole]));
	if (samples.every(({ value }) => value === null)) return figure(title, says, nothing(none));
	const frame = { ...day, top: 1 };
	const hints = hintsOf(draw, (index) => (samples[index]?.value === null ? undefined : inPercent(samples[index]?.value ?? 0)));
	return figure(title, says, drawing(`${title} over time, in percent`, [drawAxes(frame, { ticks: [0, 0.25, 0.5, 0.75, 1], label: inPercent, times: times.ticks(frame) }), drawArea(frame, samples), drawLine(frame, samples, 'p95'), hints]));
}

function money(draw: Draw): Markup {
	const { day, times } = draw;
	const stacks = day.slots.map(({ at, minutes }) => ({
		at: at + day.slotMs / 2,
		parts: [{ kind: 'spent', value: sumIn(minutes, ({ costUsd }) => costUsd) }, { kind: 'saved', value: sumIn(minutes, ({ savedUsd }) => savedUsd) }],
	}));
	const sum = (index: number) => stacks.reduce((total, { parts }) => total + (parts[index]?.value ?? 0), 0);
	const highest = Math.max(0, ...stacks.map(({ parts }) => parts.reduce((total, { value }) => total + value, 0)));
	if (highest === 0) return figure('Money', 'What answers cost, and what they would have cost had they not been there already.', nothing('No call is known to have cost or saved money.'));
	const ticks = linearTicks(highest);
	const frame = { ...day, top: ticks.at(-1) ?? highest };
	const hints = hintsOf(draw, (index) => `${inUsd(stacks[index]?.parts[0]?.value ?? 0)} spent, ${inUsd(stacks[index]?.parts[1]?.value ?? 0)} saved`);
	return figure(
		'Money',
		html`<b>${inUsd(sum(1))}</b> saved and ${inUsd(sum(0))} spent in this time.`,
		drawing(`Money spent and saved over time; ${inUsd(sum(1))} saved`, [drawAxes(frame, { ticks, label: inUsd, times: times.ticks(frame) }), drawBars(frame, stacks, day.slotMs), hints]),
		{ legend: [key('saved', 'saved'), key('spent', 'spent')] },
	);
}

function load(draw: Draw, { memoryPercent }: InsightSettings): Markup {
	const { day, times } = draw;
	const known = (read: (minutes: Parameters<Parameters<typeof samplesOf>[1]>[0]) => number) => samplesOf(day, (minutes) => (minutes.some(({ load: { heapLimitBytes } }) => heapLimitBytes > 0) ? read(minutes) : null));
	const memory = known(worstOf(({ load: facts }) => (facts.heapLimitBytes > 0 ? facts.heapUsedBytes / facts.heapLimitBytes : 0)));
	const cpu = known(worstOf(({ load: facts }) => facts.cpu));
	const says = 'Heap in use, as a share of its limit, and processor time, as a share of one core; of the fullest process.';
	if (memory.every(({ value }) => value === null)) return figure('Process', says, nothing('Nothing was measured in this time.'));
	const ticks = linearTicks(Math.max(1, most(cpu))).filter((tick, _, all) => all.length <= 6 || tick * 2 === Math.round(tick * 2));
	const frame = { ...day, top: ticks.at(-1) ?? 1 };
	const lines = [{ samples: cpu, kind: 'spent', name: 'CPU' }, { samples: memory, kind: 'p95', name: 'heap' }];
	const delays = known(worstOf(({ load: facts }) => facts.loopDelayP99Ms));
	const hints = hintsOf(draw, (index) => `heap ${inPercent(memory[index]?.value ?? 0)}, processor ${inPercent(cpu[index]?.value ?? 0)}, event loop held up for ${inMs(delays[index]?.value ?? 0)}`);
	return figure(
		'Process', says,
		drawing('Heap and processor over time, in percent', [drawAxes(frame, { ticks, label: inPercent, times: times.ticks(frame) }), memoryPercent > 0 ? drawLimit(frame, memoryPercent / 100) : '', lines.map(({ samples, kind }) => drawLine(frame, samples, kind)), drawNames(frame, lines), hints]),
		{ legend: [key('p95', 'heap'), key('spent', 'processor'), memoryPercent > 0 ? key('limit', `limit of the heap, ${inPercent(memoryPercent / 100)}`) : ''] },
	);
}

function errors({ day, times }: Draw): Markup {
	const count = day.slots.reduce((sum, { minutes }) => sum + sumIn(minutes, ({ errors: failed }) => failed), 0);
	const says = count === 0 ? 'No call failed.' : `${counted(count, 'call')} failed; the darker, the more in that stretch of time.`;
	const frame = { ...day, top: 1 };
	return figure('Errors', says, count === 0 ? nothing('Nothing to show, which is good.') : drawHeatMap(day, times.ticks(frame), times.clock), {
		isWide: true,
		...(count === 0 ? {} : { legend: [html`<span>few</span>`, [1, 2, 3, 4, 5].map((step) => html`<i class="heat${step}"></i>`), html`<span>many</span>`] }),
	});
}
