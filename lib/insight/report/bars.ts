import { html, px, type Markup } from './html';
import { xOf, yOf, type Frame } from './plot';

export interface Stack {
	readonly at: number;
	/** From the bottom up; each has a kind, which is its colour. */
	readonly parts: ReadonlyArray<{ readonly kind: string; readonly value: number }>;
}

/** Columns over time. */
export function drawBars(frame: Frame, stacks: readonly Stack[], slotMs: number): Markup {
	const width = Math.max(1, (xOf(frame, frame.from + slotMs) - xOf(frame, frame.from)) * 0.8);
	return html`${stacks.map(({ at, parts }) => {
		const x = px(xOf(frame, at) - width / 2);
		let below = 0;
		return parts.map(({ kind, value }) => {
			const top = yOf(frame, below + value);
			const height = yOf(frame, below) - top;
			below += value;
			return height > 0 ? html`<rect class="bar ${kind}" x="${x}" y="${px(top)}" width="${px(width)}" height="${px(Math.max(0.6, height))}"/>` : '';
		});
	})}`;
}
