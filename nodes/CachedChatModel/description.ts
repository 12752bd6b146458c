import { NodeConnectionTypes, type INodeProperties, type INodeTypeDescription } from 'n8n-workflow';
import { storeCredential } from '../shared/store';
import { subNodeProperties } from '../shared/sub-node';

const options: INodeProperties[] = [
	{
		displayName: 'Cache Tool Calls',
		name: 'cacheToolCalls',
		type: 'boolean',
		default: true,
		description:
			'Whether to keep answers in which the model asks for tools. Only its decision is kept: the tools run each time, and what they return is part of the next question.',
	},
	{
		displayName: 'Only Deterministic Calls',
		name: 'onlyDeterministic',
		type: 'boolean',
		default: false,
		description: 'Whether to keep only answers to calls with a temperature of 0 or a seed, where variety is not wanted',
	},
];

export const description: Omit<INodeTypeDescription, 'icon' | 'subtitle' | 'usableAsTool'> = {
	displayName: 'Cached Chat Model',
	name: 'cachedChatModel',
	group: ['transform'],
	version: 1,
	description: 'Put between a chat model and an AI Agent or chain: the same question is asked once, and answered from a cache after that',
	defaults: { name: 'Cached Chat Model' },
	inputs: [{ type: NodeConnectionTypes.AiLanguageModel, displayName: 'Model', required: true, maxConnections: 1 }],
	outputs: [NodeConnectionTypes.AiLanguageModel],
	outputNames: ['Model'],
	credentials: [{ ...storeCredential('store'), testedBy: 'testStore' }],
	properties: subNodeProperties(options),
};
