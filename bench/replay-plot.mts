/** Hits and false hits over the threshold, as an SVG; the same text for the same rows. */
import type { PairCounts } from './replay-traffic.mts';

interface PlotRow {
	readonly threshold: number;
	readonly guarded: boolean;
	readonly tuning: PairCounts;
	readonly heldOut: PairCounts;
}

const [WIDTH, HEIGHT, LEFT, TOP, INNER_WIDTH, INNER_HEIGHT] = [640, 360, 56, 40, 560, 230];
const LINES = [
	{ guarded: true, what: 'hits', colour: '#1a7f37', dash: '', label: 'same meaning found, with guard' },
	{ guarded: false, what: 'hits', colour: '#1a7f37', dash: '5 4', label: 'same meaning found, without' },
	{ guarded: true, what: 'falseHits', colour: '#cf222e', dash: '', label: 'near-misses taken, with guard' },
	{ guarded: false, what: 'falseHits', colour: '#cf222e', dash: '5 4', label: 'near-misses taken, without' },
] as const;

export function drawSweep(rows: readonly PlotRow[]): string {
	const x = (threshold: number) => (LEFT + threshold * INNER_WIDTH).toFixed(1);
	const y = (share: number) => (TOP + (1 - share) * INNER_HEIGHT).toFixed(1);
	const ticks = [0, 0.25, 0.5, 0.75, 1];
	const parts = [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#444">`,
		`<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
		`<text x="${LEFT}" y="24" font-size="14">Similar prompts: share of the pairs over the threshold, tuning and held-out halves together</text>`,
		...ticks.flatMap((tick) => [
			`<path d="M${LEFT} ${y(tick)}h${INNER_WIDTH}" stroke="#ddd"/>`,
			`<text x="${LEFT - 8}" y="${Number(y(tick)) + 4}" text-anchor="end">${tick * 100} %</text>`,
			`<text x="${x(tick)}" y="${TOP + INNER_HEIGHT + 18}" text-anchor="middle">${tick}</text>`,
		]),
		...LINES.flatMap(({ guarded, what, colour, dash, label }, index) => {
			const points = rows.filter((row) => row.guarded === guarded).map((row) => `${x(row.threshold)},${y(shareOf(row, what))}`);
			const [left, top] = [LEFT + (index % 2) * 280, TOP + INNER_HEIGHT + 44 + Math.floor(index / 2) * 22];
			const stroke = `fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"`;
			return [
				`<polyline points="${points.join(' ')}" ${stroke}/>`,
				`<path d="M${left} ${top - 4}h30" ${stroke}/>`,
				`<text x="${left + 38}" y="${top}">${label}</text>`,
			];
		}),
		'</svg>',
	];
	return `${parts.join('\n')}\n`;
}

/** Of the wordings, or of the look-ups that must find nothing, of both halves. */
function shareOf({ tuning, heldOut }: PlotRow, what: 'hits' | 'falseHits'): number {
	const whole = what === 'hits' ? tuning.same + heldOut.same : tuning.traps + heldOut.traps;
	return (tuning[what] + heldOut[what]) / whole;
}
