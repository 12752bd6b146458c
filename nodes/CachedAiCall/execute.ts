import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { AiAnswer } from '../../lib/ai';
import type { CallTrace } from '../../lib/core/trace';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { traceOf } from '../../lib/n8n/trace';
import { getRuntime } from '../../lib/runtime';
import { accessOpener } from './access';
import { chat, wasSaved, type Place } from './operations/chat';
import { parameterReader, readConcurrency } from './parameters';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	warnOfStackedRetries(context);
	const runtime = getRuntime((message) => context.logger.warn(message));
	const read = parameterReader(context);
	const open = accessOpener(context);
	const place: Place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id };
	const summary = new Summary();
	const output = await runItems(context, { concurrency: readConcurrency(context) }, async (itemIndex, signal) => {
		const parameters = read(itemIndex);
		const access = await open(parameters.provider, parameters.baseUrl);
		const outcome = await chat(runtime, access, parameters, place, signal);
		if (!outcome.ok) throw outcome.error;
		summary.count(outcome.trace);
		return toItem(outcome.value, outcome.trace, parameters.includeTrace);
	});
	summary.show(context);
	return output;
}

function toItem(answer: AiAnswer, trace: CallTrace, includeTrace: boolean): INodeExecutionData {
	const json: IDataObject = { text: answer.text };
	if (answer.json !== undefined) json.data = answer.json as IDataObject;
	json.model = answer.model;
	json.finishReason = answer.finishReason;
	json.usage = answer.usage === null ? null : { ...answer.usage };
	json.costUsd = trace.costUsd ?? null;
	json.cached = wasSaved(trace);
	if (includeTrace) json._fastpath = traceOf(trace);
	return { json };
}

/** One line in the output pane: what the run did not have to pay for. */
class Summary {
	#calls = 0;
	#hits = 0;
	#coalesced = 0;
	readonly #similar = { served: 0, wouldServe: 0, vetoed: 0, none: 0 };
	#savedUsd = 0;

	count(trace: CallTrace): void {
		this.#calls += 1;
		if (trace.coalesced) this.#coalesced += 1;
		else if (wasSaved(trace)) this.#hits += 1;
		if (trace.similar) this.#similar[trace.similar.outcome] += 1;
		this.#savedUsd += trace.savedUsd ?? 0;
	}

	show(context: IExecuteFunctions): void {
		if (this.#calls === 0) return;
		const paid = this.#calls - this.#hits - this.#coalesced;
		const saved = this.#savedUsd > 0 ? `, about $${this.#savedUsd.toPrecision(2)} saved` : '';
		const { served, wouldServe } = this.#similar;
		const similar = served > 0 ? ` (${served} of them to a similar prompt)` : '';
		const shadow = wouldServe > 0 ? ` Similar prompts would have answered ${wouldServe} more.` : '';
		addHint(
			context,
			`${this.#calls} answered: ${this.#hits} from the cache${similar}, ${this.#coalesced} shared with a call in flight, ${paid} by the model${saved}.${shadow}`,
		);
	}
}
