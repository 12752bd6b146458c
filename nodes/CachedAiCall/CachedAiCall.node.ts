import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { testStore } from '../../lib/n8n/store';
import { description } from './description';
import { execute } from './execute';
import { searchModels, searchTemplates } from './methods';

export class CachedAiCall implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:cachedAiCall.svg', dark: 'file:cachedAiCall.dark.svg' },
		subtitle: '={{ $parameter.operation === "clear" ? "clear: " + $parameter.clear : $parameter.model || $parameter.provider }}',
		usableAsTool: true,
	};

	methods = { listSearch: { searchModels, searchTemplates }, credentialTest: { testStore } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
