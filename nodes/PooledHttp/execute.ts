import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import type { HttpResponse } from '../../lib/http';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { getRuntime } from '../../lib/runtime';
import { accessOpener, secretQueryOf } from './access';
import { errorItemMaker } from './error-item';
import { loadBody } from './load-body';
import { createRequester, type ReadyRequest } from './operations/request';
import { toItems } from './output';
import { fetchPages } from './pages';
import { echoRequest } from './request-echo';
import { createPace } from './pace';
import { parameterReader, readBatching, readConcurrency, readPagination } from './parameters';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	warnOfStackedRetries(context);
	const runtime = getRuntime((message) => context.logger.warn(message));
	const place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id };
	const request = createRequester(runtime, place);
	const read = parameterReader(context);
	const open = accessOpener(context);
	const inputs = context.getInputData();
	const summary = new Summary();
	const paginationOf = once(() => readPagination(context));
	const pace = createPace(runtime.clock, readBatching(context));
	const options = { concurrency: readConcurrency(context), errorItem: errorItemMaker(context.getNode()) };
	try {
		const output = await runItems(context, options, async (itemIndex, signal) => {
			await pace(itemIndex, signal);
			const parameters = read(itemIndex);
			const access = await open(parameters.settings.access, itemIndex);
			const ready = { ...parameters, body: await loadBody(context, itemIndex, parameters.body) };
			echoRequest(context, ready);
			const send = async (part: ReadyRequest) => {
				const outcome = await request(access, part, signal);
				summary.count(outcome.trace);
				return outcome;
			};
			const give = async (response: HttpResponse, trace: CallTrace, isPage: boolean) =>
				await toItems(context, {
					response,
					trace,
					isPage,
					settings: parameters.settings.response,
					input: inputs[itemIndex] ?? { json: {} },
					secretQuery: secretQueryOf(access),
				});
			const pagination = paginationOf();
			if (pagination) {
				// Each page is a response, whatever its status; n8n's helper decides what becomes of it.
				const settings = { ...ready.settings, response: { ...ready.settings.response, neverError: true } };
				const pages = await fetchPages({ ...ready, settings }, { context, itemIndex, clock: runtime.clock, signal, pagination, send });
				const items: INodeExecutionData[] = [];
				for (const page of pages) items.push(...(await give(page.response, page.trace, true)));
				return items;
			}
			const outcome = await send(ready);
			if (!outcome.ok) throw outcome.error;
			return await give(outcome.value, outcome.trace, false);
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

/** Made by the first who asks; what fails, fails for each of them. */
function once<T>(make: () => T): () => T {
	let made: { readonly value: T } | undefined;
	return () => (made ??= { value: make() }).value;
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
