export interface Spread {
	readonly median: number;
	readonly low: number;
	readonly high: number;
}

/** The middle one of the sorted values; the lower of the two middle ones where their number is even. */
export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** The smallest value that at least the given share (0 to 1) of all values does not exceed; NaN without values. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = [...values].sort((one, other) => one - other);
	return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** The median, and the quarter and three-quarter points around it: half of the rounds lie between. */
export function spread(values: readonly number[]): Spread {
	return { median: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/** Least-squares slope of y over x. */
export function slope(points: ReadonlyArray<readonly [x: number, y: number]>): number {
	const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length;
	const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
	const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
	return across / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
