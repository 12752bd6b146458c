/** Columns as wide as their widest cell; the first `left` ones start at the left, numbers end at the right. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>, left = 2): string {
	const widths = head.map((title, column) =>
		Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
	);
	const line = (cells: readonly string[]) =>
		widths
			.map((width, column) => {
				const cell = cells[column] ?? '';
				return column < left ? cell.padEnd(width) : cell.padStart(width);
			})
			.join('  ')
			.trimEnd();
	return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

export function milliseconds(value: number): string {
	return `${value.toFixed(0)} ms`;
}

export function dollars(value: number): string {
	return `$${value.toFixed(5)}`;
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((one, other) => one - other);
	const middle = Math.floor(sorted.length / 2);
	const upper = sorted[middle] ?? Number.NaN;
	return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One number where all are alike, else `least to most`. */
export function range(values: readonly number[]): string {
	const least = Math.min(...values);
	const most = Math.max(...values);
	return least === most ? String(least) : `${least} to ${most}`;
}

/** `12.3x shorter`, or `1.2x longer` where it is the other way round. */
export function times(before: number, after: number, less: string, more: string): string {
	if (before === after) return 'the same';
	if (after === 0 || before === 0) return `${before} against ${after}`;
	const ratio = Math.max(before / after, after / before);
	return `${ratio.toFixed(ratio >= 20 ? 0 : 1)}x ${before > after ? less : more}`;
}
