import { NodeConnectionTypes, NodeOperationError, type ISupplyDataFunctions, type SupplyData } from 'n8n-workflow';
import { isChatModel, shellOf } from '../../lib/langchain';
import { toNodeError } from '../../lib/n8n/errors';
import { cancelSignal } from '../../lib/n8n/signal';
import { openSharedStore } from '../../lib/n8n/store';
import { nodesBelow, repeatableRun, SubNodeLog } from '../../lib/n8n/sub-node';
import { getRuntime } from '../../lib/runtime';
import { chatDesk } from './operations/desk';
import { readSettings, usesSharedStore } from './parameters';

export async function supply(context: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
	const type = NodeConnectionTypes.AiLanguageModel;
	const model: unknown = await context.getInputConnectionData(type, itemIndex);
	if (!isChatModel(model)) {
		throw new NodeOperationError(context.getNode(), 'The model connected to this node is not a chat model', {
			itemIndex,
			description: 'Models for plain text completion have no conversation that could be cached here. Connect a chat model.',
		});
	}
	const runtime = getRuntime((message) => context.logger.warn(message));
	const log = new SubNodeLog(context, type);
	const desk = chatDesk(model, {
		runtime,
		settings: settingsOf(context, itemIndex),
		shared: usesSharedStore(context, itemIndex) ? await openSharedStore(context, runtime) : undefined,
		log,
		below: nodesBelow(context, type),
		place: { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id },
		cancel: cancelSignal(context),
		repeatableRun: repeatableRun(context),
	});
	return { response: shellOf(model, desk), closeFunction: async () => log.close() };
}

function settingsOf(context: ISupplyDataFunctions, itemIndex: number) {
	try {
		return readSettings(context, itemIndex);
	} catch (error) {
		throw toNodeError(context.getNode(), error, itemIndex);
	}
}
