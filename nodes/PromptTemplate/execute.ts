import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { toNodeError } from '../../lib/n8n/errors';
import { runtimeFor } from '../../lib/n8n/metrics';
import { fillItems } from './fill';
import { libraryItems } from './library';
import type { Operation } from './operations';
import { readOperation } from './parameters';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = runtimeFor(context);
	const operation = operationOf(context);
	return operation === 'fill' || operation === 'explain'
		? await fillItems(context, runtime, operation === 'explain')
		: await libraryItems(context, runtime, operation);
}

function operationOf(context: IExecuteFunctions): Operation {
	try {
		return readOperation(context);
	} catch (error) {
		throw toNodeError(context.getNode(), error, 0);
	}
}
