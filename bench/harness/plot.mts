/** A plot as an SVG; the same text for the same numbers. */
import { shown } from './markdown.mts';
import type { Plot } from './result.mts';

const [WIDTH, HEIGHT, LEFT, TOP, INNER_WIDTH, INNER_HEIGHT] = [640, 360, 76, 44, 540, 220];
const COLOURS = ['#0969da', '#cf222e', '#1a7f37', '#8250df', '#bf8700', '#6e7781', '#0550ae', '#953800'];
const PER_LINE = 3;

interface Scale {
	readonly ticks: readonly number[];
	/** Where a value lies, 0 to 1. */
	at(value: number): number;
}

export function draw(plot: Plot): string {
	const points = plot.series.flatMap((series) => series.points);
	const across = scale(points.map(([x]) => x), plot.logX === true);
	const up = scale(points.map(([, y]) => y), plot.logY === true);
	const x = (value: number) => (LEFT + across.at(value) * INNER_WIDTH).toFixed(1);
	const y = (value: number) => (TOP + (1 - up.at(value)) * INNER_HEIGHT).toFixed(1);
	const bottom = TOP + INNER_HEIGHT;
	const height = HEIGHT + Math.max(0, Math.ceil(plot.series.length / PER_LINE) - 2) * 20;
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12" fill="#444">`,
		`<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
		`<text x="${LEFT}" y="20" font-size="14">${escaped(plot.title)}</text>`,
		`<text x="${LEFT}" y="36">${escaped(plot.y)}</text>`,
		...up.ticks.flatMap((tick) => [
			`<path d="M${LEFT} ${y(tick)}h${INNER_WIDTH}" stroke="#ddd"/>`,
			`<text x="${LEFT - 8}" y="${(Number(y(tick)) + 4).toFixed(1)}" text-anchor="end">${shown(tick)}</text>`,
		]),
		...across.ticks.map((tick) => `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${shown(tick)}</text>`),
		`<text x="${LEFT + INNER_WIDTH / 2}" y="${bottom + 38}" text-anchor="middle">${escaped(plot.x)}</text>`,
		...plot.series.flatMap(({ name, points: line }, index) => {
			const colour = COLOURS[index % COLOURS.length] ?? '#000';
			const [left, top] = [LEFT + (index % PER_LINE) * 190, bottom + 66 + Math.floor(index / PER_LINE) * 20];
			return [
				`<polyline points="${line.map(([one, other]) => `${x(one)},${y(other)}`).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`,
				...line.map(([one, other]) => `<circle cx="${x(one)}" cy="${y(other)}" r="3" fill="${colour}"/>`),
				`<path d="M${left} ${top - 4}h20" stroke="${colour}" stroke-width="2"/>`,
				`<text x="${left + 26}" y="${top}">${escaped(name)}</text>`,
			];
		}),
		'</svg>',
	];
	return `${parts.join('\n')}\n`;
}

/** A logarithmic one reaches to whole powers of ten; a plain one from zero to a round number. */
function scale(values: readonly number[], logarithmic: boolean): Scale {
	const highest = Math.max(...values);
	if (logarithmic) {
		const [from, to] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(highest))];
		const end = Math.max(to, from + 1);
		const ticks = Array.from({ length: end - from + 1 }, (_tick, index) => 10 ** (from + index));
		return { ticks, at: (value) => (Math.log10(value) - from) / (end - from) };
	}
	const step = roundUp(highest / 4);
	const ticks = Array.from({ length: 5 }, (_tick, index) => index * step);
	return { ticks, at: (value) => value / (4 * step) };
}

function roundUp(value: number): number {
	if (!(value > 0)) return 1;
	const power = 10 ** Math.floor(Math.log10(value));
	return ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= value * 0.999_999) ?? 10) * power;
}

function escaped(text: string): string {
	return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
