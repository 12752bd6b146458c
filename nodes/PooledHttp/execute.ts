import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { getRuntime } from '../../lib/runtime';
import { accessOpener, secretQueryOf } from './access';
import { createRequester } from './operations/request';
import { toItems } from './output';
import { parameterReader, readConcurrency } from './parameters';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	warnOfStackedRetries(context);
	const place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id };
	const request = createRequester(getRuntime((message) => context.logger.warn(message)), place);
	const read = parameterReader(context);
	const open = accessOpener(context);
	const inputs = context.getInputData();
	const summary = new Summary();
	try {
		return await runItems(context, { concurrency: readConcurrency(context) }, async (itemIndex, signal) => {
			const parameters = read(itemIndex);
			const access = await open(parameters.settings.access, itemIndex);
			const outcome = await request(access, parameters, signal);
			summary.count(outcome.trace);
			if (!outcome.ok) throw outcome.error;
			return await toItems(context, {
				response: outcome.value,
				trace: outcome.trace,
				settings: parameters.settings.response,
				input: inputs[itemIndex] ?? { json: {} },
				secretQuery: secretQueryOf(access),
			});
		});
	} finally {
		summary.show(context);
	}
}

/** One line in the output pane: what the connections were spared. */
class Summary {
	#requests = 0;
	#reused = 0;
	#retries = 0;
	#cached = 0;

	count(trace: CallTrace): void {
		// A request that is shared is counted with the one who sent it.
		if (trace.coalesced) return;
		if (trace.cache === 'hit' || trace.cache === 'stale') this.#cached += 1;
		this.#requests += trace.attempts;
		if (trace.connectionReused === true) this.#reused += 1;
		this.#retries += Math.max(0, trace.attempts - 1);
	}

	show(context: IExecuteFunctions): void {
		if (this.#requests + this.#cached === 0) return;
		const cached = this.#cached > 0 ? ` ${this.#cached} answered from the cache.` : '';
		addHint(
			context,
			`${this.#requests} requests sent: ${this.#reused} found their connection open, ${this.#retries} were retries.${cached}`,
		);
	}
}
