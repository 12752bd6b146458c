import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { Clearing } from '../../lib/n8n/clear';
import { egressFor } from '../../lib/n8n/egress';
import { runItems } from '../../lib/n8n/items';
import { openStore } from '../../lib/n8n/store';
import { runtimeFor } from '../../lib/n8n/metrics';
import { OPERATIONS } from './operations';
import type { Desk } from './operations/operation';
import { fieldReader, readOperation, readStore } from './parameters';

/** Items worked on at the same time. */
const CONCURRENCY = 10;

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = runtimeFor(context);
	const shared = await openStore(context, runtime, readStore(context));
	const { id: nodeId, name: nodeName } = context.getNode();
	const clearing = new Clearing(runtime, shared);
	const desk: Desk = {
		runtime,
		shared,
		oversight: shared ? runtime.oversightOver(shared) : runtime.oversight,
		clearing,
		egress: egressFor(context),
		timeZone: context.getTimezone(),
		file: async (text, fileName, mimeType) => await context.helpers.prepareBinaryData(Buffer.from(text), fileName, mimeType),
		place: { workflowId: context.getWorkflow().id ?? '', nodeId, nodeName },
	};
	const output = await runItems(context, { concurrency: CONCURRENCY }, async (itemIndex, signal) => {
		const operation = OPERATIONS[readOperation(context, itemIndex)];
		return await operation.perform(fieldReader(context, itemIndex), desk, signal);
	});
	clearing.warn(context);
	return output;
}
