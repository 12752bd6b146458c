/** What a limit counts: requests, tokens of the input, of the output, or of both. */
export const COUNTED = ['requests', 'input', 'output', 'tokens'] as const;

export type Counted = (typeof COUNTED)[number];

/** One of the limits that an origin reports with its answers. */
export interface ReportedLimit {
	readonly counts: Counted;
	/** What is left of it. */
	readonly remaining: number;
	/** Until it is whole again, in milliseconds. */
	readonly resetMs: number;
	/** What it is when it is whole, where the origin says so. */
	readonly whole?: number | undefined;
}

/** What a call takes of each kind of limit. */
export type Cost = Readonly<Record<Counted, number>>;

/** What is left of a limit, by the last report and what was handed out since. Until the first report, all there is. */
export class Allowance {
	#left = Infinity;
	#whole: number | undefined;
	/** On the scale of `Clock.now()`; then the limit is whole. */
	#resetAt = 0;
	#resetMs = 0;

	get left(): number {
		return this.#left;
	}

	get resetAt(): number {
		return this.#resetAt;
	}

	report({ remaining, resetMs, whole }: ReportedLimit, others: number, now: number): void {
		this.#left = Math.max(0, remaining - others);
		this.#whole = whole !== undefined && whole > 0 ? whole : undefined;
		this.#resetMs = resetMs;
		this.#resetAt = now + resetMs;
	}

	/** What costs more than the whole limit has room when the limit is whole: it will never have more. */
	hasRoom(cost: number, now: number): boolean {
		if (this.#resetAt <= now && this.#left !== Infinity) {
			this.#left = this.#whole ?? Infinity;
			this.#resetAt = this.#whole === undefined ? 0 : now + this.#resetMs;
		}
		return this.#left > 0 && this.#left >= Math.min(cost, this.#whole ?? cost);
	}

	take(cost: number): void {
		this.#left = Math.max(0, this.#left - cost);
	}
}

/** Weight of the newest call in what calls came to lately. */
const NEWEST = 0.2;

/** What calls will be counted, learnt from what those before them were: an estimate of the input is off by a factor, the output by all. */
export class TokenForecast {
	#factor = 1;
	#output: number | undefined;

	/** `input`: the estimate by length. Without one, tokens do not count. */
	cost(input: number | undefined): Cost {
		if (input === undefined) return { requests: 1, input: 0, output: 0, tokens: 0 };
		const expected = Math.ceil(input * this.#factor);
		const output = Math.ceil(this.#output ?? 0);
		return { requests: 1, input: expected, output, tokens: expected + output };
	}

	learn(estimate: number, used: { readonly inputTokens: number; readonly outputTokens: number }): void {
		if (estimate > 0 && used.inputTokens > 0) this.#factor += NEWEST * (used.inputTokens / estimate - this.#factor);
		this.#output = this.#output === undefined ? used.outputTokens : this.#output + NEWEST * (used.outputTokens - this.#output);
	}
}
