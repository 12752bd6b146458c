import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { clearItems } from '../../lib/n8n/clear';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { RunSpan } from '../../lib/n8n/span';
import { openStore } from '../../lib/n8n/store';
import { runtimeFor } from '../../lib/n8n/metrics';
import { CONTENT_TYPES } from '../shared/http/choices';
import { errorItemMaker } from '../shared/http/error-item';
import { createPace } from '../shared/http/pace';
import { clearReader, readBatching, readConcurrency, readOperation, readStore } from '../shared/http/parameters';
import { httpWork } from '../shared/http/work';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	warnOfStackedRetries(context);
	const runtime = runtimeFor(context);
	if (readOperation(context) === 'clear') {
		return await clearItems(context, runtime, await openStore(context, runtime, readStore(context)), clearReader(context));
	}
	const work = await httpWork(context, runtime, 'pooledHttp', CONTENT_TYPES);
	const summary = new Summary();
	const pace = createPace(runtime.clock, readBatching(context));
	const options = { concurrency: readConcurrency(context), errorItem: errorItemMaker(context.getNode()) };
	try {
		const output = await runItems(context, options, async (itemIndex, signal) => {
			await pace(itemIndex, signal);
			return await work.perform(await work.prepare(itemIndex), signal, (trace) => summary.count(trace));
		});
		suggestSplitOut(context, output);
		return output;
	} finally {
		summary.show(context);
	}
}

/** As HTTP Request does where a single item holds a list. */
function suggestSplitOut(context: IExecuteFunctions, [items = []]: INodeExecutionData[][]): void {
	if (items.length !== 1 || !Array.isArray(items[0]?.json.data) || context.isToolExecution()) return;
	addHint(context, 'To split the contents of ‘data’ into separate items for easier processing, add a ‘Split Out’ node after this one');
}

/** One line in the output pane: what the connections were spared. */
class Summary {
	#requests = 0;
	#reused = 0;
	#retries = 0;
	#cached = 0;
	readonly #span = new RunSpan();

	count(trace: CallTrace): void {
		this.#span.count(trace);
		// A request that is shared is counted with the one who sent it.
		if (trace.coalesced) return;
		if (trace.cache === 'hit' || trace.cache === 'stale') this.#cached += 1;
		this.#requests += trace.attempts;
		if (trace.connectionReused === true) this.#reused += 1;
		this.#retries += Math.max(0, trace.attempts - 1);
	}

	show(context: IExecuteFunctions): void {
		this.#span.tell(context);
		if (this.#requests + this.#cached === 0) return;
		const cached = this.#cached > 0 ? ` ${this.#cached} answered from the cache.` : '';
		addHint(
			context,
			`${this.#requests} ${this.#requests === 1 ? 'request' : 'requests'} sent: ${this.#reused} found their connection open, ${this.#retries} were retries.${cached}`,
		);
	}
}
