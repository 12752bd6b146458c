import type { IExecuteFunctions } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { addHint } from '../../lib/n8n/hints';
import { wasSaved } from './operations/chat';

const MAX_WARNINGS = 10;

/** One line in the output pane: what the run did not have to pay for. */
export class Summary {
	#calls = 0;
	#hits = 0;
	#coalesced = 0;
	#savedUsd = 0;

	count(trace: CallTrace): void {
		this.#calls += 1;
		if (trace.coalesced) this.#coalesced += 1;
		else if (wasSaved(trace)) this.#hits += 1;
		this.#savedUsd += trace.savedUsd ?? 0;
	}

	readonly #warnings = new Set<string>();

	/** Each warning is shown once. */
	readonly warn = (message: string): void => {
		if (this.#warnings.size < MAX_WARNINGS) this.#warnings.add(message);
	};

	show(context: IExecuteFunctions): void {
		for (const warning of this.#warnings) addHint(context, warning, 'warning');
		if (this.#calls === 0) return;
		const paid = this.#calls - this.#hits - this.#coalesced;
		const saved = this.#savedUsd > 0 ? `, about $${this.#savedUsd.toPrecision(2)} saved` : '';
		addHint(
			context,
			`${this.#calls} answered: ${this.#hits} from the cache, ${this.#coalesced} shared with a call in flight, ${paid} by the model${saved}.`,
		);
	}
}
