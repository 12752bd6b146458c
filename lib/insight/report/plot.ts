import { html, px, type Content, type Markup } from './html';

/** A drawing with axes: `x` is time. */
export interface Frame {
	readonly from: number;
	readonly to: number;
	/** The largest value, at the upper edge. */
	readonly top: number;
	readonly isLogarithmic?: boolean;
	/** Of a logarithmic scale: the value at the lower edge. */
	readonly bottom?: number;
}

export const WIDTH = 520;
export const HEIGHT = 190;
const LEFT = 52;
const RIGHT = 34;
const ABOVE = 10;
const BELOW = 24;

export function xOf({ from, to }: Frame, at: number): number {
	return LEFT + ((at - from) / Math.max(1, to - from)) * (WIDTH - LEFT - RIGHT);
}

export function yOf({ top, bottom = 0, isLogarithmic = false }: Frame, value: number): number {
	const floor = HEIGHT - BELOW;
	const share = isLogarithmic ? Math.log(Math.max(value, bottom) / bottom) / Math.log(top / bottom) : value / top;
	return floor - Math.min(1, Math.max(0, share)) * (floor - ABOVE);
}

/** A step of 1, 2 or 5 times a power of ten. */
export function niceStep(rough: number): number {
	const power = 10 ** Math.floor(Math.log10(rough));
	return ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
}

/** From nothing to a round number at or above `most`, in three to five steps. */
export function linearTicks(most: number): number[] {
	const step = niceStep((most > 0 ? most : 1) / 4);
	const count = Math.max(1, Math.ceil(most / step - 1e-9));
	return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** Powers of ten around both. */
export function logTicks(least: number, most: number): number[] {
	const first = Math.floor(Math.log10(Math.max(0.1, least)) + 1e-9);
	const last = Math.max(first + 1, Math.ceil(Math.log10(most) - 1e-9));
	return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

const STEPS_MIN = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360];

/** Moments on the round hour or minute of the time zone; about six. */
export function timeTicks({ from, to }: Frame, offsetMs: number): number[] {
	const step = (STEPS_MIN.find((minutes) => (to - from) / (minutes * 60_000) <= 7) ?? 360) * 60_000;
	const first = Math.ceil((from + offsetMs) / step) * step - offsetMs;
	return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, index) => first + index * step);
}

export interface Axes {
	readonly ticks: readonly number[];
	readonly label: (value: number) => string;
	readonly times: ReadonlyArray<{ readonly at: number; readonly label: string }>;
}

export function drawAxes(frame: Frame, { ticks, label, times }: Axes): Markup {
	return html`${ticks.map((tick) => {
		const y = px(yOf(frame, tick));
		return html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 6}" y="${y}" dy=".32em" text-anchor="end">${label(tick)}</text>`;
	})}${times.map(({ at, label: text }) => html`<text class="tick" x="${px(xOf(frame, at))}" y="${HEIGHT - 6}" text-anchor="middle">${text}</text>`)}`;
}

/** The whole drawing; `about` is read aloud in place of it. */
export function drawing(about: string, content: Content, width = WIDTH, height = HEIGHT): Markup {
	return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${about}">${content}</svg>`;
}
