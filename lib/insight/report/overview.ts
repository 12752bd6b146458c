import type { Snapshot, WindowName } from '../../core/snapshot';
import { HEALTH_PARTS, type Health } from '../health';
import { sumOf } from '../places';
import { counted, inMs, inNumber, inPercent, inUsd, shortened } from '../words';
import { html, px, type Content, type Markup } from './html';
import type { Sample } from './lines';
import { samplesOf, shareIn, sumIn, usual, type Day } from './series';

const PART_NAMES = { latency: 'Latency', errors: 'Errors', cache: 'Cache', connections: 'Connections', process: 'Process', spending: 'Spending' } as const;
const GRADE_NAMES = { good: 'Good', fair: 'Fair', poor: 'Poor', bad: 'Bad', unknown: 'Unknown' } as const;

export function drawHealth({ score, grade, parts, why }: Health): Markup {
	return html`<section class="card health" aria-label="Health"><div class="score">${ring(score, grade)}<b class="${grade}">${GRADE_NAMES[grade]}</b><p class="quiet">${shortened(why, 300)}</p></div><ul class="parts">${HEALTH_PARTS.map((name) => {
		const part = parts[name];
		const mark = part.score === null ? 'unknown' : `${part.score} ${GRADE_NAMES[part.grade].toLowerCase()}`;
		return html`<li><b>${PART_NAMES[name]}</b><span class="mark ${part.grade}">${mark}${part.score === null ? '' : html`<span class="meter" aria-hidden="true"><i class="${part.grade}" style="width:${part.score}%;background:currentColor"></i></span>`}</span><span class="quiet">${shortened(part.why, 400)}</span></li>`;
	})}</ul></section>`;
}

const RADIUS = 54;

function ring(score: number | null, grade: Health['grade']): Markup {
	const around = 2 * Math.PI * RADIUS;
	const arc = score === null ? '' : html`<circle class="arc ${grade}" cx="65" cy="65" r="${RADIUS}" transform="rotate(-90 65 65)" stroke-dasharray="${px((around * Math.max(score, 1)) / 100)} ${px(around)}"/>`;
	return html`<svg viewBox="0 0 130 130" role="img" aria-label="Health: ${score === null ? 'unknown' : `${score} of 100`}"><circle class="ring" cx="65" cy="65" r="${RADIUS}"/>${arc}<text class="number" x="65" y="65" dy=".35em" text-anchor="middle">${score === null ? '?' : score}</text></svg>`;
}

/** The numbers that are asked for first, of a window, each with its course over the day. */
export function drawTiles({ windows }: Snapshot, window: WindowName, day: Day): Markup {
	const { total, spanMs } = windows[window];
	const sum = sumOf([total]);
	const cached = sum.hits + sum.similar + sum.stale;
	const ratio = (part: number, whole: number) => (whole > 0 ? inPercent(Math.min(1, part / whole)) : '–');
	const calls = samplesOf(day, (minutes) => sumIn(minutes, (minute) => minute.calls));
	const saved = samplesOf(day, (minutes) => sumIn(minutes, (minute) => minute.savedUsd));
	return html`<dl class="tiles">${[
		tile('Calls', inNumber(sum.calls), spanMs > 0 ? `${inNumber((sum.calls / spanMs) * 60_000)} per minute` : '', calls),
		tile('Response time, p95', sum.calls > 0 ? inMs(total.durationMs.p95) : '–', sum.calls > 0 ? `99 of 100: ${inMs(total.durationMs.p99)}` : '', samplesOf(day, usual('p95'))),
		tile('Failed', ratio(sum.failed, sum.judged), counted(sum.failed, 'call'), samplesOf(day, shareIn((minute) => minute.errors, (minute) => minute.calls))),
		tile('From the cache', ratio(cached, sum.calls), sum.savedMs > 0 ? `${inMs(sum.savedMs)} saved` : counted(cached, 'call'), samplesOf(day, shareIn((minute) => minute.hits, (minute) => minute.calls))),
		tile('Money saved', inUsd(sum.savedUsd), `${inUsd(sum.costUsd + total.refreshes.costUsd)} spent`, saved),
		tile('Connections reused', ratio(sum.reusedConnections, sum.attempts), counted(sum.attempts, 'request'), samplesOf(day, shareIn((minute) => minute.reusedConnections, (minute) => minute.attempts))),
	]}</dl>`;
}

function tile(name: string, value: string, beside: string, course: readonly Sample[]): Markup {
	return html`<div class="card tile"><dt>${name}</dt><dd>${value}<small>${beside}</small>${spark(course)}</dd></div>`;
}

/** A course without axes, for its shape alone. */
function spark(samples: readonly Sample[]): Content {
	const known = samples.flatMap(({ value }, index) => (value === null ? [] : [{ index, value }]));
	const most = Math.max(...known.map(({ value }) => value), 0);
	if (known.length < 3 || most === 0) return html`<svg viewBox="0 0 120 24" aria-hidden="true"></svg>`;
	const points = known.map(({ index, value }) => `${px((index / (samples.length - 1)) * 118 + 1)} ${px(22 - (value / most) * 20)}`);
	return html`<svg viewBox="0 0 120 24" aria-hidden="true"><path class="line p50" d="M${points.join('L')}"/></svg>`;
}
