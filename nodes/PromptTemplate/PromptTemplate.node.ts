import type { IExecuteFunctions, INodeExecutionData, INodeType, INodeTypeDescription } from 'n8n-workflow';
import { testStore } from '../../lib/n8n/store';
import { description } from './description';
import { execute } from './execute';
import { searchTemplates } from './methods';

export class PromptTemplate implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:promptTemplate.svg', dark: 'file:promptTemplate.dark.svg' },
		subtitle: '={{ $parameter.operation + ($parameter.templateName?.value ? ": " + $parameter.templateName.value : $parameter.name ? ": " + $parameter.name : "") }}',
		usableAsTool: true,
	};

	methods = { listSearch: { searchTemplates }, credentialTest: { testStore } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await execute(this);
	}
}
