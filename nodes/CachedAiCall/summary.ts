import type { IExecuteFunctions } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { addSavings, noSavings, type Savings } from '../../lib/metrics/savings';
import { addHint } from '../../lib/n8n/hints';
import { RunSpan } from '../../lib/n8n/span';

const MAX_WARNINGS = 10;

/** The output pane's account of a run: what it did not have to pay for, and what the user should know. */
export class Summary {
	#calls = 0;
	readonly #saved = noSavings();
	#shadowed = 0;
	readonly #span = new RunSpan();
	readonly #warnings = new Set<string>();

	count(trace: CallTrace): void {
		this.#calls += 1;
		this.#span.count(trace);
		addSavings(this.#saved, trace);
		if (trace.similar?.outcome === 'wouldServe') this.#shadowed += 1;
	}

	/** Each warning is shown once. */
	readonly warn = (message: string): void => {
		if (this.#warnings.size < MAX_WARNINGS) this.#warnings.add(message);
	};

	show(context: IExecuteFunctions): void {
		this.#span.tell(context);
		for (const warning of this.#warnings) addHint(context, warning, 'warning');
		if (this.#calls === 0) return;
		const { exact, similar, coalesced } = this.#saved;
		const paid = this.#calls - exact.calls - similar.calls - coalesced.calls;
		const parts = [
			`${exact.calls} from the cache${inWords(exact)}`,
			...(similar.calls > 0 ? [`${similar.calls} from similar calls${inWords(similar)}`] : []),
			`${coalesced.calls} shared with a call in flight${inWords(coalesced)}`,
			`${paid} by the model`,
		];
		const shadow = this.#shadowed > 0 ? ` Similar prompts would have answered ${this.#shadowed} more.` : '';
		addHint(context, `${this.#calls} answered: ${parts.join(', ')}.${shadow}`);
	}
}

/** What was saved, in brackets; nothing where that is not known. */
function inWords({ tokens, usd, ms }: Savings): string {
	const parts = [
		...(tokens > 0 ? [`${tokens} tokens`] : []),
		...(usd > 0 ? [`about $${usd.toPrecision(2)}`] : []),
		...(ms >= 100 ? [`${(ms / 1000).toFixed(1)} s`] : []),
	];
	return parts.length === 0 ? '' : ` (saved ${parts.join(', ')})`;
}
