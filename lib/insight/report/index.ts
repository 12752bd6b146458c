import { requireInteger } from '../../core/validate';
import type { Snapshot, WindowName } from '../../core/snapshot';
import type { AlertBook } from '../alerts';
import { findBottlenecks } from '../bottlenecks';
import { judgeHealth } from '../health';
import { recommend } from '../recommendations';
import { DEFAULT_SETTINGS, type InsightSettings } from '../settings';
import { counted, inMs, shortened } from '../words';
import { drawCharts } from './charts';
import { drawAlerts, drawBottlenecks, drawRecommendations } from './findings';
import { html } from './html';
import { drawHealth, drawTiles } from './overview';
import { dayOf } from './series';
import { styleSheet } from './style';
import { drawProcesses, drawSeries } from './tables';
import { timesIn } from './times';

export interface ReportOptions {
	/** Default `Performance`. */
	readonly title?: string;
	readonly settings?: InsightSettings;
	/** Without it, the report shows no alerts. */
	readonly book?: AlertBook;
	/** Of the numbers and findings; the charts show all that is known. Default `24h`. */
	readonly window?: WindowName;
	/** Such as `Europe/Berlin`; default `UTC`. */
	readonly timeZone?: string;
	/** The page asks for itself again after so many seconds; 0, the default: it does not. */
	readonly refreshSeconds?: number;
}

/** No script, nothing from elsewhere, and no way around that. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
const SPANS: Readonly<Record<WindowName, string>> = { '1m': 'last minute', '5m': 'last five minutes', '1h': 'last hour', '24h': 'last 24 hours' };

/**
 * A page that stands alone: HTML with its style and its drawings, without scripts, below 200 KB.
 *
 * @throws InvalidOptionError for a time zone that does not exist
 */
export function renderReport(snapshot: Snapshot, options: ReportOptions = {}): string {
	const { title = 'Performance', settings = DEFAULT_SETTINGS, book, window = '24h', timeZone = 'UTC' } = options;
	const refresh = requireInteger('Refresh', options.refreshSeconds ?? 0, { max: 86_400 });
	const times = timesIn(timeZone);
	const day = dayOf(snapshot);
	const { spanMs } = snapshot.windows[window];
	const span = `${SPANS[window]}${spanMs < NOMINAL_MS[window] ? `, measured for ${inMs(spanMs)}` : ''}`;
	const name = shortened(title, 120);
	const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
${refresh > 0 ? html`<meta http-equiv="refresh" content="${refresh}">` : ''}<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${name}</title>
<style>${styleSheet()}</style>
</head>
<body><main>
<header><h1>${name}</h1><p>${times.full(snapshot.at)} (${times.zone}) · ${counted(snapshot.processes.length, 'process', 'processes')} · ${span}</p></header>
<h2>Health, last five minutes</h2>
${drawHealth(judgeHealth(snapshot, settings))}
${drawTiles(snapshot, window, day)}
${book ? drawAlerts(book.standing, snapshot.at) : ''}
${drawBottlenecks(findBottlenecks(snapshot, window), span)}
${drawRecommendations(recommend(snapshot, settings, window))}
<section><h2>Over time</h2><div class="grid">${drawCharts(day, settings, times)}</div></section>
${drawSeries(snapshot, window, span)}
${drawProcesses(snapshot)}
<footer><p>Made by n8n-nodes-fastpath from its own measurements. Charts put ${counted(day.slotMs / 60_000, 'minute')} together; percentiles there are those of a usual minute. Rest the pointer on a chart for its numbers.</p></footer>
</main></body>
</html>
`;
	return page.text;
}

const NOMINAL_MS: Readonly<Record<WindowName, number>> = { '1m': 55_000, '5m': 290_000, '1h': 3_500_000, '24h': 86_000_000 };
