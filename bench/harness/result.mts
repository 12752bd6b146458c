/** What a benchmark leaves behind: `bench/results/<name>.json`. Tables, plots and goals are made from it alone. */
import type { Machine } from './machine.mts';
import type { Spread } from './stats.mts';

export type Mode = 'smoke' | 'default' | 'full';

/**
 * `faster`: how many times as fast as the baseline, 2 meaning half the time or twice the rate.
 * `cost`: how many times the baseline's value.
 */
export type Comparison = 'faster' | 'cost';

export interface Row extends Spread {
	readonly name: string;
	/** Against the baseline's value in the same round. */
	readonly ratio?: Spread;
	/** Medians of what else was counted. */
	readonly also?: Readonly<Record<string, number>>;
}

export interface Table {
	readonly id: string;
	readonly title: string;
	/** Of the values: `ns`, `µs`, `ms`, `per second`, `bytes`. */
	readonly unit: string;
	readonly rounds: number;
	/** The row that the others are compared with. */
	readonly baseline?: string;
	readonly compare?: Comparison;
	/** Whether more of the unit is better. */
	readonly more?: boolean;
	readonly rows: readonly Row[];
}

export interface Plot {
	readonly id: string;
	readonly title: string;
	readonly x: string;
	readonly y: string;
	readonly logX?: boolean;
	readonly logY?: boolean;
	readonly series: ReadonlyArray<{ readonly name: string; readonly points: ReadonlyArray<readonly [x: number, y: number]> }>;
}

export interface Result {
	readonly bench: string;
	readonly mode: Mode;
	/** The day, as YYYY-MM-DD. */
	readonly day: string;
	readonly seconds: number;
	readonly machine: Machine;
	/** Of the libraries that took part. */
	readonly versions: Readonly<Record<string, string>>;
	/** What could not take part, and why. */
	readonly absent: readonly string[];
	readonly tables: readonly Table[];
	readonly plots: readonly Plot[];
}
