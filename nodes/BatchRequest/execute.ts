import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { idOf, openRound } from '../../lib/batch/rounds';
import { runOrdered, type Settled } from '../../lib/batch/run';
import { childController } from '../../lib/core/signal';
import type { CallTrace } from '../../lib/core/trace';
import { toNodeError } from '../../lib/n8n/errors';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { passOf } from '../../lib/n8n/pass';
import { reportProgress } from '../../lib/n8n/report-progress';
import { cancelSignal } from '../../lib/n8n/signal';
import { runtimeFor } from '../../lib/n8n/metrics';
import { CONTENT_TYPES_OR_TEMPLATE } from '../shared/http/body';
import { createPace } from '../shared/http/pace';
import { readBatching, readConcurrency } from '../shared/http/parameters';
import { httpWork } from '../shared/http/work';
import { Costs } from './costs';
import { eachWork } from './each';
import { batchEnded, cancelledItem, failedItem } from './failures';
import { gatherWork } from './gather';
import { Ledger } from './ledger';
import { gatherReader, readBatch, readGather, tokensReader } from './parameters';
import { BatchSummary, showSummary } from './summary';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = runtimeFor(context);
	const { clock } = runtime;
	const settings = readBatch(context);
	if (settings.resume === undefined) warnOfStackedRetries(context, 'switch Resume on, and it repeats failed ones only');
	const gathering = readGather(context);
	const node = context.getNode();
	const inputs = context.getInputData();
	const work = await httpWork(context, runtime, 'batchRequest', CONTENT_TYPES_OR_TEMPLATE);
	const { shared } = work;
	const pass = passOf(context);
	const store = shared ? runtime.journals.over(shared) : runtime.journals.memory;
	const failuresBefore = shared?.status.failures;
	const round = settings.resume && (await openRound({ store, durable: shared !== undefined, clock }, pass, settings.resume, settings.keepMs));

	const summary = new BatchSummary();
	const attempts = new Map<number, number>();
	const costs = settings.costOf && new Costs(settings.costOf, settings.costLimit);
	const progress = runtime.batches.begin({ workflowId: context.getWorkflow().id ?? '', executionId: pass.execution, node: node.name }, inputs.length);
	const ledger = new Ledger({
		round,
		costs,
		itemKeyOf: settings.itemKeyOf,
		named: settings.idempotencyHeader !== undefined,
		onRecall: () => {
			summary.recall();
			progress.resumed();
		},
	});
	const tokensOf = tokensReader(context);
	const each = eachWork({ work, settings, tokensOf, batch: round?.id ?? idOf(pass), ledger, summary, pace: createPace(clock, readBatching(context)) });
	const gather =
		gathering &&
		gatherWork(context, runtime, { work, settings: gathering, read: gatherReader(context, gathering), tokensOf, idempotencyHeader: settings.idempotencyHeader });

	const { controller, release } = childController(cancelSignal(context));
	let timedOut = false;
	const clear = settings.timeLimitMs === undefined ? () => {} : clock.after(settings.timeLimitMs, () => {
		timedOut = true;
		controller.abort();
	});
	const silence = reportProgress(context, clock, progress);
	const startedAt = clock.now();
	const mayFail = settings.mayFail(inputs.length);
	const options = {
		concurrency: gather ? gather.atOnce(readConcurrency(context)) : readConcurrency(context),
		signal: controller.signal,
		stopOnFailure: false,
		stopWhen: ({ failed }: { readonly failed: number }) => failed > mayFail,
		mayStart: () => costs?.exceeded !== true,
		onSettled: (status: Settled<unknown>['status']) => progress.settled(status),
	};
	const results = await runOrdered(inputs, options, async (input, itemIndex, signal) => {
		const seen = (trace: CallTrace, counts: boolean) => {
			attempts.set(itemIndex, (attempts.get(itemIndex) ?? 0) + trace.attempts);
			if (counts) summary.call(trace);
		};
		return gather ? await gather.perform(itemIndex, signal, ledger, seen) : await each(input, itemIndex, signal, seen);
	});
	clear();
	silence();
	release();
	runtime.batches.end(progress);
	const closed = ledger.end(results);
	// Whoever stops a batch does not wait for its store.
	if (!cancelSignal(context).aborted) await closed;

	const facts = summary.of(results, clock.now() - startedAt, costs);
	showSummary(context, facts);
	summary.span.tell(context);
	if (gather && gather.surplus > 0) addHint(context, `${gather.surplus} results in the answers belonged to no item.`, 'warning');
	if (ledger.tooLarge > 0) addHint(context, `${ledger.tooLarge} answers are above 1 MB and were not kept: another try cannot give them again.`, 'warning');
	if (round && shared && shared.status.failures !== failuresBefore) {
		addHint(context, `The shared store ${shared.label} did not always answer. What it could not take is in the memory of this process; another try may send items again.`, 'warning');
	}
	const done = `with ${facts.ok} of ${facts.items} items done`;
	const limit = timedOut ? "the batch's time limit was reached" : costs?.exceeded ? `the batch's cost limit of ${settings.costLimit} was reached` : undefined;
	const why = limit === undefined ? 'Cancelled: the batch stopped before this item was done' : `Cancelled: ${limit} ${done}`;
	if (!context.continueOnFail()) {
		const failed = results.findIndex((result) => result.status === 'failed');
		const first = results[failed];
		if (first?.status === 'failed') throw toNodeError(node, first.error, failed);
		if (limit !== undefined) throw toNodeError(node, batchEnded(why), results.findIndex((result) => result.status === 'cancelled'));
	}
	const items = results.flatMap((result, itemIndex) => {
		const facts = { itemIndex, attempts: attempts.get(itemIndex) ?? 0, wallNow: clock.wallNow() };
		const own =
			result.status === 'ok' ? result.value : [result.status === 'failed' ? failedItem(node, result.error, facts) : cancelledItem(why)];
		// Each item is the run's own; a copy would be one more of a hundred thousand.
		for (const item of own) item.pairedItem = { item: itemIndex };
		return own;
	});
	const all = inputs.map((_input, item) => ({ item }));
	return settings.summaryOutput ? [items, [{ json: facts, pairedItem: all }]] : [items];
}
