import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { description } from './description';
import { execute } from './execute';

export class PooledHttp implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:pooledHttp.svg', dark: 'file:pooledHttp.dark.svg' },
		subtitle: '={{ $parameter.operation === "clear" ? "clear: " + $parameter.clear : $parameter.method + ": " + $parameter.url }}',
		usableAsTool: true,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
