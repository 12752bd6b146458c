import type { IExecuteFunctions } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { addSavings, noSavings } from '../../lib/metrics/savings';
import { addHint } from '../../lib/n8n/hints';
import { RunSpan } from '../../lib/n8n/span';

const MAX_HINTS = 10;

/** The output pane's account of a run: what was not executed again, and what the user should know. */
export class Summary {
	#inputs = 0;
	#stale = 0;
	#oldestMs = 0;
	readonly #saved = noSavings();
	readonly #span = new RunSpan();
	readonly #hints = new Map<string, 'info' | 'warning'>();

	count(trace: CallTrace): void {
		this.#inputs += 1;
		this.#span.count(trace);
		addSavings(this.#saved, trace);
		if (trace.cache === 'stale') this.#stale += 1;
		this.#oldestMs = Math.max(this.#oldestMs, trace.ageMs ?? 0);
	}

	/** Each is shown once. */
	readonly tell = (message: string, type: 'info' | 'warning' = 'warning'): void => {
		if (this.#hints.size < MAX_HINTS) this.#hints.set(message, type);
	};

	show(context: IExecuteFunctions): void {
		this.#span.tell(context);
		for (const [message, type] of this.#hints) addHint(context, message, type);
		if (this.#inputs === 0) return;
		const { exact, coalesced } = this.#saved;
		const executed = this.#inputs - exact.calls - coalesced.calls;
		const stale = this.#stale > 0 ? `, ${this.#stale} of them stale` : '';
		const facts = exact.calls > 0 ? ` (saved ${seconds(exact.ms)}, oldest ${seconds(this.#oldestMs)}${stale})` : '';
		addHint(context, `${this.#inputs} ${this.#inputs === 1 ? 'input' : 'inputs'}: ${exact.calls} from the cache${facts}, ${coalesced.calls} shared with the same input, ${executed} by the sub-workflow.`);
	}
}

function seconds(ms: number): string {
	return `${(ms / 1000).toFixed(1)} s`;
}
