import type { Alert } from '../alerts';
import type { Bottleneck } from '../bottlenecks';
import type { Recommendation } from '../recommendations';
import { inMs, inUsd, shortened } from '../words';
import { html, type Content, type Markup } from './html';

const COLOURS = { low: 'fair', medium: 'poor', high: 'bad', critical: 'bad' } as const;
/** Shapes beside colours, for those who do not see them and for paper. */
const SIGNS = { low: '△', medium: '▲', high: '▲▲', critical: '▲▲▲' } as const;
const MOST = 10;

function list(title: string, rows: readonly Content[], none: string): Markup {
	return html`<section><h2>${title}</h2><div class="card">${rows.length > 0 ? html`<ul class="list">${rows}</ul>` : html`<p class="none">${none}</p>`}</div></section>`;
}

export function drawAlerts(alerts: readonly Alert[], now: number): Markup {
	const rows = alerts.slice(0, MOST).map(
		({ severity, says, advice, raisedAt, worst }) =>
			html`<li><span class="mark ${COLOURS[severity]}">${SIGNS[severity]} ${severity}</span><div><p>${shortened(says, 400)}</p><p>For ${inMs(Math.max(0, now - raisedAt))}${worst === severity ? '' : `, ${worst} at its worst`}. ${advice}</p></div></li>`,
	);
	return list('Alerts', rows, 'No alerts.');
}

export function drawBottlenecks(found: readonly Bottleneck[], span: string): Markup {
	const rows = found.slice(0, MOST).map(
		({ what, advice, share, lostMs, lostUsd, measured }) =>
			html`<li><div><span class="share">${Math.round(share * 100)} %</span><div class="meter" aria-hidden="true"><i style="width:${Math.max(2, Math.round(share * 100))}%"></i></div></div><div><p>${shortened(what, 400)}</p><p>${measured ? '' : 'About '}${inMs(lostMs)}${lostUsd === null ? '' : ` and ${inUsd(lostUsd)}`}. ${advice}</p></div></li>`,
	);
	return list(`Where the time went, ${span}`, rows, 'No calls, so no time was lost.');
}

const BOUNDS = { atMost: 'up to', atLeast: 'at least', about: 'about' } as const;

export function drawRecommendations(found: readonly Recommendation[]): Markup {
	const rows = found.slice(0, MOST).map(({ what, how, gain, bound, parameter, share }) => {
		const gained = [...(gain.usd === null ? [] : [inUsd(gain.usd)]), ...(gain.ms === null ? [] : [inMs(gain.ms)])];
		const part = Math.max(share.ms ?? 0, share.usd ?? 0);
		return html`<li><div><span class="share">${gained[0] ?? '–'}</span>${gained.length > 0 ? html`<p class="quiet">${BOUNDS[bound]}${part > 0 ? ` ${Math.round(part * 100)} %` : ''}</p>` : ''}</div><div><p>${shortened(what, 400)}</p><p>${parameter ? html`<code>${parameter.name}: ${parameter.from === null ? '' : `${parameter.from} → `}${parameter.to}</code> · ` : ''}${shortened(how, 400)}</p></div></li>`;
	});
	return list('What would have helped', rows, 'Nothing to recommend.');
}
