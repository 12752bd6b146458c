import { html, px, type Markup } from './html';
import { HEIGHT, WIDTH, xOf, yOf, type Frame } from './plot';

/** A value at a moment; null where nothing is known, which is a gap. */
export interface Sample {
	readonly at: number;
	readonly value: number | null;
}

type Known = Sample & { readonly value: number };

/** Stretches without a gap. */
function runsOf(samples: readonly Sample[]): Known[][] {
	const runs: Known[][] = [];
	let open: Known[] | undefined;
	for (const { at, value } of samples) {
		if (value === null) open = undefined;
		else if (open) open.push({ at, value });
		else runs.push((open = [{ at, value }]));
	}
	return runs;
}

/** A line over time. */
export function drawLine(frame: Frame, samples: readonly Sample[], kind: string): Markup {
	return html`${runsOf(samples).map((run) => {
		const [only] = run;
		if (run.length === 1 && only) return html`<circle class="dot ${kind}" cx="${px(xOf(frame, only.at))}" cy="${px(yOf(frame, only.value))}" r="3"/>`;
		return html`<path class="line ${kind}" d="${pathOf(frame, run)}"/>`;
	})}`;
}

/** No nearer to each other than this, so that they can be read. */
const NAME_HEIGHT = 12;

/** What each line is, at its end; from top to bottom, moved apart where they would meet. */
export function drawNames(frame: Frame, lines: ReadonlyArray<{ readonly samples: readonly Sample[]; readonly name: string }>): Markup {
	const ends = lines.flatMap(({ samples, name }) => {
		const last = runsOf(samples).at(-1)?.at(-1);
		return last ? [{ name, x: Math.min(WIDTH - 31, xOf(frame, last.at) + 6), y: yOf(frame, last.value) }] : [];
	});
	let above = -Infinity;
	return html`${ends.sort((a, b) => a.y - b.y).map(({ name, x, y }) => {
		above = Math.max(y, above + NAME_HEIGHT);
		return html`<text class="name" x="${px(x)}" y="${px(above)}" dy=".32em">${name}</text>`;
	})}`;
}

/** The same, filled down to nothing. */
export function drawArea(frame: Frame, samples: readonly Sample[]): Markup {
	const floor = px(HEIGHT - 24);
	return html`${runsOf(samples).flatMap((run) => {
		const [first, last] = [run[0], run.at(-1)];
		if (!first || !last || run.length < 2) return [];
		return [html`<path class="area" d="${pathOf(frame, run)}L${px(xOf(frame, last.at))} ${floor}L${px(xOf(frame, first.at))} ${floor}Z"/>`];
	})}`;
}

function pathOf(frame: Frame, run: readonly Known[]): string {
	return run.map(({ at, value }, index) => `${index === 0 ? 'M' : 'L'}${px(xOf(frame, at))} ${px(yOf(frame, value))}`).join('');
}

/** What a reader sees who rests the pointer on a time: columns without ink. */
export function drawHints(frame: Frame, hints: ReadonlyArray<{ readonly at: number; readonly text: string }>, spanMs: number): Markup {
	const width = Math.max(1, xOf(frame, frame.from + spanMs) - xOf(frame, frame.from));
	return html`<g class="hints">${hints.map(({ at, text }) => html`<rect x="${px(xOf(frame, at) - width / 2)}" y="0" width="${px(width)}" height="${HEIGHT - 24}"><title>${text}</title></rect>`)}</g>`;
}

/** A limit that was set. */
export function drawLimit(frame: Frame, value: number): Markup {
	if (value > frame.top) return html``;
	const y = px(yOf(frame, value));
	return html`<line class="limit" x1="${px(xOf(frame, frame.from))}" x2="${px(xOf(frame, frame.to))}" y1="${y}" y2="${y}"/>`;
}
