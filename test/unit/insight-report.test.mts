import { describe, expect, test } from 'vitest';
import { renderReport } from '../../lib/insight/index.ts';
import { html } from '../../lib/insight/report/html.ts';
import { shadeOf } from '../../lib/insight/report/heat-map.ts';
import { linearTicks, logTicks, timeTicks } from '../../lib/insight/report/plot.ts';
import { dayOf } from '../../lib/insight/report/series.ts';
import { DARK, LIGHT, type Theme } from '../../lib/insight/report/theme.ts';
import { timesIn } from '../../lib/insight/report/times.ts';
import { shortened } from '../../lib/insight/words.ts';
import { bookOf, fewMinutes, fullDay, hostile, nothing, SETTINGS } from '../helpers/report-data.mts';
import { contrast } from '../helpers/contrast.mts';
import { aPoint, aSeries, aSnapshot, HOUR, MINUTE, NOW } from '../helpers/snapshots.mts';

const HARM = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "' onload='alert(1)", '</style><svg onload=alert(1)>', '</title><b>', '&lt;b&gt;', '\u202Eevil\u0000', '`${1}`', 'javascript:alert(1)', 'x'.repeat(50_000)];
const page = (snapshot: ReturnType<typeof fullDay>) => renderReport(snapshot, { settings: SETTINGS, book: bookOf(snapshot) });

/** Names of all elements and attributes; a `<` that begins none of them is one too. */
function madeOf(text: string): Set<string> {
	const found = new Set<string>();
	const left = text.replace(/<(\/?[a-z][a-z0-9]*|!doctype)((?:\s+[a-z][a-z0-9-]*(?:="[^"<>]*")?)*)\s*\/?>/gi, (_tag, name: string, attributes: string) => {
		found.add(name.replace('/', ''));
		for (const [, attribute = ''] of attributes.matchAll(/\s([a-z][a-z0-9-]*)(?==|\s|$)/gi)) found.add(`@${attribute}`);
		return '';
	});
	if (left.includes('<')) found.add(left.slice(left.indexOf('<')).slice(0, 40));
	return found;
}

const holds = (text: string, ...patterns: readonly RegExp[]) => patterns.filter((pattern) => pattern.test(text));

describe('the report', () => {
	const harmless = madeOf(page(hostile('harmless')));

	test.each(HARM)('takes %j for a name, and for nothing else', (name) => {
		const text = page(hostile(name));
		expect([...madeOf(text)].filter((one) => !harmless.has(one))).toEqual([]);
		expect(holds(text, /[\u0000\u202E]/)).toEqual([]);
		expect(text.length).toBeLessThan(200_000);
	});

	test('of a whole day is smaller than 200 KB, also where all is as bad as it can be', () => {
		expect(Buffer.byteLength(page(fullDay()))).toBeLessThan(200_000);
		const history = Array.from({ length: 1440 }, (_, minute) =>
			aPoint({
				at: NOW - (1440 - minute) * MINUTE, calls: 123_456, errors: 99_999, hits: 23_456, attempts: 123_456, reusedConnections: 98_765, costUsd: 123.4567, savedUsd: 98.7654, p50: 1234.5, p95: 23_456.7, p99: 98_765.4,
				errorsBy: Object.fromEntries(Array.from({ length: 20 }, (_unused, code) => [`ERR_SOMETHING_WITH_A_LONG_NAME_${code}`, 5000 + code])),
			}),
		);
		const series = Array.from({ length: 200 }, (_, index) => aSeries({ node: `A node with a long name, number ${index}`.repeat(3), origin: `https://${'sub.'.repeat(20)}${index}.example`, calls: 5000, errors: { ERR_TIMEOUT: 4000 } }));
		const worst = aSnapshot({ history, series });
		expect(Buffer.byteLength(page(worst))).toBeLessThan(200_000);
	});

	test('says so where there is nothing to show', () => {
		const empty = page(nothing());
		expect(holds(empty, /Nothing was measured yet\./, /No alerts\./)).toHaveLength(2);
		for (const text of [empty, page(fewMinutes()), page(fullDay())]) expect(holds(text, /NaN/, /Infinity/, /undefined/, /null</)).toEqual([]);
	});

	test('asks nobody for anything: no script, no address, and a policy that forbids both', () => {
		const text = page(fullDay());
		expect(text.includes(`content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:; base-uri &#39;none&#39;; form-action &#39;none&#39;"`)).toBe(true);
		expect(holds(text, /<script/i, /<iframe/i, /<object/i, /url\(/i, /@import/i, /(?:src|href)="(?!data:,")/i)).toEqual([]);
		const allowed = ['html', 'head', 'meta', 'link', 'title', 'style', 'body', 'main', 'header', 'section', 'footer', 'figure', 'figcaption', 'svg', 'g', 'path', 'rect', 'line', 'circle', 'text', 'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td', 'ul', 'li', 'dl', 'dt', 'dd', 'div', 'p', 'span', 'b', 'i', 'br', 'small', 'code', 'h1', 'h2', 'h3', '!doctype'];
		expect([...madeOf(text)].filter((one) => !one.startsWith('@') && !allowed.includes(one))).toEqual([]);
		expect([...madeOf(text)].filter((one) => /^@on/.test(one))).toEqual([]);
	});

	test('refreshes itself only where that is wanted', () => {
		expect(renderReport(nothing())).not.toContain('http-equiv="refresh"');
		expect(renderReport(nothing(), { refreshSeconds: 30 })).toContain('<meta http-equiv="refresh" content="30">');
		expect(() => renderReport(nothing(), { refreshSeconds: -1 })).toThrow('Invalid Refresh: expected a whole number from 0 to 86400, got -1');
	});

	test('tells the time of the zone that was asked for', () => {
		expect(renderReport(nothing(), { timeZone: 'Asia/Kolkata' })).toContain('2 March 2026 at 17:30 (Asia/Kolkata)');
		expect(() => renderReport(nothing(), { timeZone: 'Mars/Olympus' })).toThrow('Invalid Time Zone: expected a name such as UTC or Europe/Berlin, got "Mars/Olympus"');
	});

	test('shows no alerts where none are watched', () => {
		expect(renderReport(fullDay())).not.toContain('<h2>Alerts');
	});
});

describe('its colours', () => {
	const themes: Array<[string, Theme]> = [['light', LIGHT], ['dark', DARK]];

	test.each(themes)('can be read: %s', (_name, theme) => {
		for (const ground of ['page', 'card'] as const) {
			for (const ink of ['ink', 'quiet', 'good', 'fair', 'poor', 'bad', 'accent'] as const) {
				expect([ink, ground, contrast(theme[ink], theme[ground])]).toEqual([ink, ground, expect.toSatisfy((ratio: number) => ratio >= 4.5)]);
			}
		}
	});

	test.each(themes)('can be seen in drawings: %s', (_name, theme) => {
		for (const drawn of ['p50', 'p95', 'p99', 'spent', 'good', 'poor', 'bad'] as const) {
			expect([drawn, contrast(theme[drawn], theme.card)]).toEqual([drawn, expect.toSatisfy((ratio: number) => ratio >= 3)]);
		}
		// Lines over the area below them, and one shade of the heat map beside the next.
		expect(contrast(theme.p95, theme.area)).toBeGreaterThan(3);
		const shades = [theme.heat1, theme.heat2, theme.heat3, theme.heat4, theme.heat5].map((shade) => contrast(shade, theme.card));
		expect(shades).toEqual([...shades].sort((a, b) => a - b));
	});
});

describe('drawing', () => {
	test('escapes what is put into a template, and nothing that is markup already', () => {
		expect(html`<p title="${'a"b'}">${'<i>'}${html`<b>${1}</b>`}${['x', html`<hr>`]}${null}</p>`.text).toBe('<p title="a&quot;b">&lt;i&gt;<b>1</b>x<hr></p>');
	});

	test('keeps a number and its unit on one line', () => {
		expect(html`${'5 s are 5000 ms of 3 samples, 2 %'}`.text).toBe('5\u00a0s are 5000\u00a0ms of 3 samples, 2\u00a0%');
	});

	test('cuts long names between characters', () => {
		expect(shortened('😀'.repeat(10), 5)).toBe('😀😀😀😀…');
	});

	test('puts ticks on round numbers', () => {
		expect([linearTicks(0), linearTicks(7), linearTicks(0.31), linearTicks(1234)]).toEqual([[0, 0.5], [0, 2, 4, 6, 8], [0, 0.1, 0.2, 0.3, 0.4], [0, 500, 1000, 1500]]);
		expect([logTicks(3, 4000), logTicks(100, 100)]).toEqual([[1, 10, 100, 1000, 10_000], [100, 1000]]);
	});

	test('puts times on round hours of the time zone', () => {
		const frame = { from: NOW - 6 * HOUR, to: NOW, top: 1 };
		expect(timesIn('Asia/Kolkata').ticks(frame).map(({ label }) => label)).toEqual(['12:00', '13:00', '14:00', '15:00', '16:00', '17:00']);
		expect(timeTicks({ ...frame, from: NOW - 20 * MINUTE }, 0)).toHaveLength(5);
	});

	test('puts the minutes of a day into few slots, and leaves gaps where nothing was seen', () => {
		const minutes = [300, 299, 10, 1].map((ago) => aPoint({ at: NOW - ago * MINUTE, calls: 1 }));
		const day = dayOf(aSnapshot({ history: minutes }));
		expect(day.slotMs).toBe(5 * MINUTE);
		expect(day.slots.filter(({ minutes: held }) => held.length > 0).map(({ minutes: held }) => held.length)).toEqual([2, 1, 1]);
		expect(dayOf(fullDay()).slots.length).toBeLessThanOrEqual(98);
	});

	test('shades errors in steps of a logarithm', () => {
		expect([1, 2, 10, 100, 1000].map((count) => shadeOf(count, 1000))).toEqual([1, 1, 2, 4, 5]);
		expect(shadeOf(1, 1)).toBe(5);
	});
});
