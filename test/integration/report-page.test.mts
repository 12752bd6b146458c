import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { renderReport } from '../../lib/insight/index.ts';
import { chromiumPath, openBrowser } from '../helpers/browser.mts';
import { contrast } from '../helpers/contrast.mts';
import { bookOf, fewMinutes, fullDay, hostile, nothing, SETTINGS } from '../helpers/report-data.mts';

const HARM = `</style><script>window.harmed=1</script><img src="http://127.0.0.1:9/x" onerror="window.harmed=1">'" onload="window.harmed=1`;
const PAGES = { 'a full day': fullDay(), 'a few minutes': fewMinutes(), nothing: nothing(), 'names that mean harm': hostile(HARM) };
const LOOKS = [
	{ look: 'light', colorScheme: 'light', media: 'screen' },
	{ look: 'dark', colorScheme: 'dark', media: 'screen' },
	// Whoever prints from a dark desktop wants black on white all the same.
	{ look: 'on paper', colorScheme: 'dark', media: 'print' },
] as const;

/** Runs in the page: what each text is drawn in, and on. Drawings have `fill`. */
const TEXTS = `[...document.querySelectorAll('body *')].flatMap((element) => {
	const text = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim()).map((node) => node.data.trim()).join(' ');
	if (!text || element.closest('title') || element.getClientRects().length === 0) return [];
	const style = getComputedStyle(element);
	let behind = element;
	while (behind && /^(transparent|rgba\\(.*, 0\\))$/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
	return [{ text: text.slice(0, 40), ink: element instanceof SVGElement ? style.fill : style.color, ground: behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)' }];
})`;

interface Drawn {
	readonly text: string;
	readonly ink: string;
	readonly ground: string;
}

describe.skipIf(!chromiumPath())('the report in a browser', () => {
	let browser: Browser;
	beforeAll(async () => {
		browser = await openBrowser();
	});
	afterAll(async () => {
		await browser.close();
	});

	/** The page, and what went wrong on it or left it. */
	async function open(html: string, colorScheme: 'light' | 'dark', media: 'screen' | 'print', width: number): Promise<{ page: Page; wrong: string[] }> {
		const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
		const wrong: string[] = [];
		page.on('pageerror', (error) => wrong.push(error.message));
		page.on('console', (message) => wrong.push(message.text()));
		page.on('dialog', (dialog) => wrong.push(dialog.message()));
		page.on('request', (request) => {
			if (!/^(data:|about:)/.test(request.url())) wrong.push(request.url());
		});
		await page.emulateMedia({ media });
		await page.setContent(html);
		return { page, wrong };
	}

	describe.each(Object.entries(PAGES))('of %s', (_name, snapshot) => {
		const html = renderReport(snapshot, { settings: SETTINGS, book: bookOf(snapshot), title: 'Performance of n8n' });

		test.each(LOOKS)('has text that can be read (WCAG 2.2 AA), $look', async ({ colorScheme, media }) => {
			const { page } = await open(html, colorScheme, media, 1280);
			const texts = await page.evaluate<Drawn[]>(TEXTS);
			await page.close();
			expect(texts.length).toBeGreaterThan(20);
			expect(texts.filter(({ ink, ground }) => contrast(ink, ground) < 4.5)).toEqual([]);
			if (media === 'print') expect(new Set(texts.map(({ ground }) => ground))).toEqual(new Set(['rgb(255, 255, 255)']));
		});

		test.each([1280, 700, 390])('fits into a window of %i pixels', async (width) => {
			const { page } = await open(html, 'light', 'screen', width);
			expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
			await page.close();
		});

		test('runs nothing, asks for nothing, and says what its drawings show', async () => {
			const { page, wrong } = await open(html, 'light', 'screen', 1280);
			expect(await page.evaluate<unknown>('[window.harmed, document.scripts.length, document.images.length]')).toEqual([undefined, 0, 0]);
			expect(await page.evaluate<number>(`document.querySelectorAll('svg:not([aria-label]):not([aria-hidden])').length`)).toBe(0);
			const headings = await page.evaluate<number[]>(`[...document.querySelectorAll('h1,h2,h3')].map((heading) => Number(heading.tagName[1]))`);
			expect(headings.every((level, index) => level <= (headings[index - 1] ?? 0) + 1)).toBe(true);
			await page.close();
			expect(wrong).toEqual([]);
		});
	});

	test('draws what it is given: as many lines, columns and cells as there is to show', async () => {
		const { page } = await open(renderReport(fullDay(), { settings: SETTINGS }), 'light', 'screen', 1280);
		const count = async (selector: string) => await page.locator(selector).count();
		expect(await count('figure')).toBe(7);
		// n8n was down for a while: two lines for each percentile, with a gap.
		expect([await count('path.line.p99'), await count('path.line.p50')]).toEqual([2, 8]);
		expect(await count('rect.bar.failed')).toBeGreaterThan(4);
		expect(await count('rect[class^=heat] title')).toBeGreaterThan(6);
		await page.close();
	});
});
