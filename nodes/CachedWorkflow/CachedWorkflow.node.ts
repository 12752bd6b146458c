import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { testStore } from '../../lib/n8n/store';
import { description } from './description';
import { execute } from './execute';

export class CachedWorkflow implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:cachedWorkflow.svg', dark: 'file:cachedWorkflow.dark.svg' },
		subtitle: '={{ $parameter.operation === "clear" ? "clear: " + $parameter.clear : $parameter.mode === "once" ? "once for all items" : "once per item" }}',
	};

	methods = { credentialTest: { testStore } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
