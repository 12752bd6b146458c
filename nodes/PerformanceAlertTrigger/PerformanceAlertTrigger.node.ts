import type { INodeType, INodeTypeDescription, ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { description } from './description';
import { startTrigger } from './trigger';

export class PerformanceAlertTrigger implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:performanceAlertTrigger.svg', dark: 'file:performanceAlertTrigger.dark.svg' },
		subtitle: '={{ $parameter.events.join(", ") }}',
	};

	async trigger(this: ITriggerFunctions): Promise<ITriggerResponse> {
		return await startTrigger(this);
	}
}
