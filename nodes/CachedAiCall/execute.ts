import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { clearItems } from '../../lib/n8n/clear';
import { warnOfStackedRetries } from '../../lib/n8n/hints';
import { runItems } from '../../lib/n8n/items';
import { openStore } from '../../lib/n8n/store';
import { runtimeFor } from '../../lib/n8n/metrics';
import { accessOpener } from './access';
import { ask } from './operations/ask';
import { Embedder } from './operations/embed';
import { explainChat } from './operations/explain';
import { promptVectors } from './operations/prompt-vector';
import { isCacheable, type Place } from './operations/chat';
import { batchItems } from './execute-batch';
import { embedItems } from './execute-embed';
import { withImages } from './images';
import { toItem } from './items';
import { answerRequests } from './execute-request';
import { clearReader, parameterReader, readConcurrency, readOperation, readStore } from './parameters';
import { batchOperation } from './parameters-batch';
import { promptFiller } from './prompts';
import { Summary } from './summary';
import { warmedItem } from './warm-up';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	warnOfStackedRetries(context);
	const runtime = runtimeFor(context);
	const operation = readOperation(context);
	if (operation === 'embed') return await embedItems(context, runtime);
	if (operation === 'request') return await answerRequests(context, runtime);
	if (operation === 'clear') {
		const store = await openStore(context, runtime, readStore(context));
		return await clearItems(context, runtime, store, clearReader(context));
	}
	const batch = batchOperation(context);
	if (batch) return await batchItems(context, runtime, batch);
	const read = parameterReader(context, await promptFiller(context, runtime));
	const open = accessOpener(context);
	const summary = new Summary();
	const shared = await openStore(context, runtime, readStore(context));
	const { id: nodeId, name: nodeName } = context.getNode();
	const base: Place = { workflowId: context.getWorkflow().id ?? '', nodeId, nodeName, warn: summary.warn, shared };
	const place: Place = { ...base, vectorOf: promptVectors(runtime, new Embedder(runtime, base), base) };
	const output = await runItems(context, { concurrency: readConcurrency(context) }, async (itemIndex, signal) => {
		const parameters = await withImages(context, itemIndex, read(itemIndex));
		if (parameters.explain) {
			const access = await open(parameters.provider, parameters.baseUrl);
			return { json: { ...(await explainChat(runtime, access, parameters, place)) } };
		}
		const outcome = await ask(runtime, open, parameters, place, signal);
		if (!outcome.ok) throw outcome.error;
		summary.count(outcome.trace);
		if (parameters.warmUp) return warmedItem(outcome.trace, parameters, isCacheable(outcome.value));
		return toItem(outcome.value, outcome.trace, parameters.includeTrace);
	});
	summary.show(context);
	return output;
}
