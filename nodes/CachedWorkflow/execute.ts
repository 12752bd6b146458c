import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { clearItems } from '../../lib/n8n/clear';
import { runItems, runTogether } from '../../lib/n8n/items';
import { runtimeFor } from '../../lib/n8n/metrics';
import { openStore } from '../../lib/n8n/store';
import { Desk } from './desk';
import { Answers } from './operations/answer';
import { clearReader, parameterReader, readConcurrency, readMode, readOperation, readStore } from './parameters';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = runtimeFor(context);
	const shared = await openStore(context, runtime, readStore(context));
	if (readOperation(context) === 'clear') return await clearItems(context, runtime, shared, clearReader(context));
	const { id: nodeId, name: nodeName } = context.getNode();
	const desk = new Desk(context, runtime, new Answers(runtime, { workflowId: context.getWorkflow().id ?? '', nodeId, nodeName, shared }));
	const read = parameterReader(context);
	try {
		if (readMode(context) === 'once') {
			return await runTogether(context, async (signal) => await desk.answer(read(0), [...context.getInputData().keys()], signal));
		}
		const concurrency = readConcurrency(context);
		return await runItems(context, { concurrency }, async (itemIndex, signal) => await desk.answer(read(itemIndex), [itemIndex], signal));
	} finally {
		desk.close();
	}
}
