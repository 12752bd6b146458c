import { NodeConnectionTypes, NodeOperationError, type ISupplyDataFunctions, type SupplyData } from 'n8n-workflow';
import { isChatModel, shellOf } from '../../lib/langchain';
import { openSubNode, readOrReport } from '../../lib/n8n/sub-node';
import { chatDesk } from './operations/desk';
import { readParameters } from './parameters';

export async function supply(context: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
	const type = NodeConnectionTypes.AiLanguageModel;
	const model: unknown = await context.getInputConnectionData(type, itemIndex);
	if (!isChatModel(model)) {
		throw new NodeOperationError(context.getNode(), 'The model connected to this node is not a chat model', {
			itemIndex,
			description: 'A model for plain text completion has no conversation that could be cached here. Connect a chat model.',
		});
	}
	const { settings, store } = readOrReport(context, itemIndex, readParameters);
	const node = await openSubNode(context, type, store);
	return { response: shellOf(model, chatDesk(model, { ...node, settings })), closeFunction: async () => node.log.close() };
}
