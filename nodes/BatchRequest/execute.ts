import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { runOrdered } from '../../lib/batch/run';
import { childController } from '../../lib/core/signal';
import type { CallTrace } from '../../lib/core/trace';
import { toNodeError } from '../../lib/n8n/errors';
import { passOf } from '../../lib/n8n/pass';
import { addHint, warnOfStackedRetries } from '../../lib/n8n/hints';
import { cancelSignal } from '../../lib/n8n/signal';
import { getRuntime } from '../../lib/runtime';
import { createPace } from '../shared/http/pace';
import { readBatching, readConcurrency } from '../shared/http/parameters';
import { httpWork } from '../shared/http/work';
import { eachWork } from './each';
import { batchEnded, cancelledItem, failedItem } from './failures';
import { gatherWork } from './gather';
import { gatherReader, readBatch, readGather, tokensReader } from './parameters';
import { startResumption } from './resume';
import { BatchSummary, showSummary } from './summary';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = getRuntime((message) => context.logger.warn(message));
	const { clock } = runtime;
	const settings = readBatch(context);
	if (settings.resume === undefined) warnOfStackedRetries(context);
	const gathering = readGather(context);
	const node = context.getNode();
	const inputs = context.getInputData();
	const work = await httpWork(context, runtime, 'batchRequest');
	const summary = new BatchSummary();
	const attempts = new Map<number, number>();
	const store = runtime.journals.memory;
	const resumption = await startResumption({ store, durable: false, clock }, passOf(context), settings);

	const { controller, release } = childController(cancelSignal(context));
	let timedOut = false;
	const clear = settings.timeLimitMs === undefined ? () => {} : clock.after(settings.timeLimitMs, () => {
		timedOut = true;
		controller.abort();
	});
	const startedAt = clock.now();
	const tokensOf = tokensReader(context);
	const mayFail = settings.mayFail(inputs.length);
	const each = eachWork({ work, settings, tokensOf, resumption, summary, pace: createPace(clock, readBatching(context)) });
	const gather = gathering && gatherWork(context, runtime, { work, settings: gathering, read: gatherReader(context, gathering), tokensOf, idempotencyKey: settings.idempotencyHeader !== undefined });
	const options = {
		concurrency: gather ? gather.atOnce(readConcurrency(context)) : readConcurrency(context),
		signal: controller.signal,
		stopOnFailure: false,
		stopWhen: ({ failed }: { readonly failed: number }) => failed > mayFail,
	};
	const results = await runOrdered(inputs, options, async (input, itemIndex, signal) => {
		const seen = (trace: CallTrace, counts: boolean) => {
			attempts.set(itemIndex, (attempts.get(itemIndex) ?? 0) + trace.attempts);
			if (counts) summary.call(trace);
		};
		return gather ? await gather.perform(itemIndex, signal, seen) : await each(input, itemIndex, signal, seen);
	});
	clear();
	release();
	await resumption.end(results);

	const facts = summary.of(results, clock.now() - startedAt);
	showSummary(context, facts);
	if (gather && gather.surplus > 0) addHint(context, `${gather.surplus} results in the answers belonged to no item.`, 'warning');
	const why = timedOut
		? `Cancelled: the batch's time limit was reached with ${facts.ok} of ${facts.items} items done`
		: 'Cancelled: the batch stopped before this item was done';
	if (!context.continueOnFail()) {
		const failed = results.findIndex((result) => result.status === 'failed');
		const first = results[failed];
		if (first?.status === 'failed') throw toNodeError(node, first.error, failed);
		if (timedOut) throw toNodeError(node, batchEnded(why), results.findIndex((result) => result.status === 'cancelled'));
	}
	const items = results.flatMap((result, itemIndex) => {
		const facts = { itemIndex, attempts: attempts.get(itemIndex) ?? 0, wallNow: clock.wallNow() };
		const own =
			result.status === 'ok' ? result.value : [result.status === 'failed' ? failedItem(node, result.error, facts) : cancelledItem(why)];
		return own.map((item) => ({ ...item, pairedItem: { item: itemIndex } }));
	});
	const all = inputs.map((_input, item) => ({ item }));
	return settings.summaryOutput ? [items, [{ json: facts, pairedItem: all }]] : [items];
}
