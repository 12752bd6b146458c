/** What a benchmark is given: the package to measure, how much to do, and where its figures go. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { alternate, timed, type Contender, type Operation, type Sample } from './alternate.mts';
import { describeMachine } from './machine.mts';
import { toMarkdown } from './markdown.mts';
import type { Mode, Plot, Result, Row, Table } from './result.mts';
import { median, spread, type Spread } from './stats.mts';

export type TableHead = Pick<Table, 'id' | 'title' | 'unit' | 'baseline' | 'compare' | 'more'>;

interface Effort {
	readonly rounds: number;
	readonly warmUp: number;
	/** How long a round of a timed operation takes, about. */
	readonly roundMs: number;
}

const EFFORTS: Record<Mode, Effort> = {
	smoke: { rounds: 2, warmUp: 0, roundMs: 0.5 },
	default: { rounds: 7, warmUp: 5, roundMs: 25 },
	full: { rounds: 15, warmUp: 6, roundMs: 60 },
};

export class Bench {
	readonly #name: string;
	readonly #machine = describeMachine();
	readonly #startedAt = performance.now();
	readonly #require: NodeJS.Require;
	readonly #versions: Record<string, string> = {};
	readonly #absent: string[] = [];
	readonly #tables: Table[] = [];
	readonly #plots: Plot[] = [];
	readonly mode: Mode;
	/** The folder whose `dist` is measured. */
	readonly root: string;

	constructor(name: string, mode: Mode, root: string) {
		this.#name = name;
		this.mode = mode;
		this.root = root;
		this.#require = createRequire(path.join(root, 'package.json'));
	}

	/** A built file of the package, `lib('cache/key')`. The caller says what type it has. */
	lib(file: string): unknown {
		return this.#require(`./dist/lib/${file}.js`);
	}

	/** As much as the mode asks for. */
	pick<T>(amounts: Readonly<Record<Mode, T>>): T {
		return amounts[this.mode];
	}

	/** Operations in nanoseconds each, in turns. */
	async time(head: Omit<TableHead, 'unit'>, operations: readonly Operation[]): Promise<Table> {
		const { roundMs } = EFFORTS[this.mode];
		return await this.compare({ ...head, unit: 'ns' }, operations.map((operation) => timed(operation, roundMs)));
	}

	/** Contenders that say themselves what a round came to, in turns. */
	async compare(head: TableHead, contenders: readonly Contender[], turns: Partial<Effort> = {}): Promise<Table> {
		const { rounds, warmUp } = { ...EFFORTS[this.mode], ...turns };
		const samples = await alternate(contenders, { rounds, warmUp });
		const base = samples[contenders.findIndex(({ name }) => name === head.baseline)];
		const rows = contenders.map(({ name }, place) => rowOf(name, samples[place] ?? [], base, head));
		return this.add({ ...head, rounds, rows });
	}

	/** Figures that were had in another way. */
	add(table: Table): Table {
		this.#tables.push(table);
		console.log(`${toMarkdown(table)}\n`);
		return table;
	}

	plot(plot: Plot): void {
		this.#plots.push(plot);
	}

	used(library: string, version: string): void {
		this.#versions[library] = version;
	}

	/** Says what is left out. */
	without(what: string): void {
		this.#absent.push(what);
		console.log(`left out: ${what}\n`);
	}

	result(): Result {
		return {
			bench: this.#name,
			mode: this.mode,
			day: new Date().toISOString().slice(0, 10),
			seconds: Math.round((performance.now() - this.#startedAt) / 1000),
			machine: this.#machine(),
			versions: this.#versions,
			absent: this.#absent,
			tables: this.#tables,
			plots: this.#plots,
		};
	}
}

function rowOf(name: string, samples: readonly Sample[], base: readonly Sample[] | undefined, { compare, more }: TableHead): Row {
	const columns = [...new Set(samples.flatMap(({ also }) => Object.keys(also ?? {})))];
	const also = Object.fromEntries(columns.map((column) => [column, rounded(median(samples.map((sample) => sample.also?.[column] ?? NaN)))]));
	return {
		name,
		...roundedSpread(spread(samples.map(({ value }) => value))),
		...(base ? { ratio: roundedSpread(spread(samples.map(({ value }, round) => ratio(value, base[round]?.value ?? NaN, compare !== 'cost' && !more)))) } : {}),
		...(columns.length > 0 ? { also } : {}),
	};
}

function ratio(value: number, base: number, inverted: boolean): number {
	return inverted ? base / value : value / base;
}

function roundedSpread({ median: middle, low, high }: Spread): Spread {
	return { median: rounded(middle), low: rounded(low), high: rounded(high) };
}

/** Four significant digits: more than a busy machine can tell. */
function rounded(value: number): number {
	return Number(value.toPrecision(4));
}
