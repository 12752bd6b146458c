import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { description } from './description';
import { execute } from './execute';

export class PerformanceMonitor implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:performanceMonitor.svg', dark: 'file:performanceMonitor.dark.svg' },
		subtitle: '={{ $parameter.operation.replace(/([A-Z])/g, " $1").toLowerCase() }}',
		usableAsTool: true,
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
