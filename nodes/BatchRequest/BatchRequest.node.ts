import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { description } from './description';
import { execute } from './execute';
import { searchTemplates } from './methods';

export class BatchRequest implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:batchRequest.svg', dark: 'file:batchRequest.dark.svg' },
		subtitle: '={{ $parameter.method + ": " + $parameter.url }}',
	};

	methods = { listSearch: { searchTemplates } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
