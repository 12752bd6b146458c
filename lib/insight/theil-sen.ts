export interface Point {
	readonly x: number;
	readonly y: number;
}

export interface Line {
	readonly slope: number;
	/** Between them lies the true slope with 95 % confidence, as long as the points are independent. */
	readonly slopeLow: number;
	readonly slopeHigh: number;
	/** The line goes through here: the medians of both. */
	readonly middle: Point;
	/** How far points lie from the line: 90 of a hundred lie between. */
	readonly below: number;
	readonly above: number;
}

/** Beyond, pairs of points would be many: the work grows with the square. */
export const MOST_POINTS = 150;
const Z_95 = 1.96;

/**
 * The median of the slopes of all pairs of points (Theil 1950; Sen 1968): up to 29 % of the points may be anything at all, and it still holds.
 * The interval is Sen's, from the variance of Kendall's statistic.
 *
 * @param points at least two, with different `x`, at most MOST_POINTS
 */
export function theilSen(points: readonly Point[]): Line | undefined {
	const slopes: number[] = [];
	points.forEach((one, index) => {
		for (const other of points.slice(index + 1)) if (other.x !== one.x) slopes.push((other.y - one.y) / (other.x - one.x));
	});
	if (slopes.length === 0) return undefined;
	const sorted = Float64Array.from(slopes).sort();
	const n = points.length;
	const spread = Z_95 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18);
	const slope = quantile(sorted, 0.5);
	const middle = { x: median(points.map(({ x }) => x)), y: median(points.map(({ y }) => y)) };
	const residuals = Float64Array.from(points, ({ x, y }) => y - (middle.y + slope * (x - middle.x))).sort();
	return {
		slope,
		slopeLow: sorted[Math.max(0, Math.floor((sorted.length - spread) / 2))] ?? slope,
		slopeHigh: sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length + spread) / 2))] ?? slope,
		middle,
		below: quantile(residuals, 0.05),
		above: quantile(residuals, 0.95),
	};
}

export function median(values: readonly number[]): number {
	return quantile(Float64Array.from(values).sort(), 0.5);
}

/** Between the two nearest. */
function quantile(sorted: Float64Array, share: number): number {
	const at = share * (sorted.length - 1);
	const low = sorted[Math.floor(at)] ?? 0;
	return low + (at - Math.floor(at)) * ((sorted[Math.ceil(at)] ?? low) - low);
}
