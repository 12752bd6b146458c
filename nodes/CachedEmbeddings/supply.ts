import { NodeConnectionTypes, NodeOperationError, type ISupplyDataFunctions, type SupplyData } from 'n8n-workflow';
import { embeddingsShellOf, isEmbeddingsModel } from '../../lib/langchain';
import { openSubNode, readOrReport } from '../../lib/n8n/sub-node';
import { embeddingsDesk } from './operations/desk';
import { readParameters } from './parameters';

export async function supply(context: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
	const type = NodeConnectionTypes.AiEmbedding;
	const model: unknown = await context.getInputConnectionData(type, itemIndex);
	if (!isEmbeddingsModel(model)) {
		throw new NodeOperationError(context.getNode(), 'What is connected to this node makes no embeddings', { itemIndex });
	}
	const { settings, store } = readOrReport(context, itemIndex, readParameters);
	const node = await openSubNode(context, type, store);
	return { response: embeddingsShellOf(model, embeddingsDesk(model, { ...node, settings })), closeFunction: async () => node.log.close() };
}
