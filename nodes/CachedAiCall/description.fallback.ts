import type { INodeProperties } from 'n8n-workflow';

/** Members of the options collection: which models step in, and when. */
export function fallbackOptions(providers: ReadonlyArray<{ name: string; value: string }>): INodeProperties[] {
	return [
		{
			displayName: 'Fallback If Answer Contains',
			name: 'fallbackTexts',
			type: 'string',
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add Text' },
			default: [],
			placeholder: "e.g. I don't know",
			description: 'Texts in an answer that make the next of the Fallback Models have a try, in whatever case they are written',
		},
		{
			displayName: 'Fallback Models',
			name: 'fallbackModels',
			type: 'fixedCollection',
			typeOptions: { multipleValues: true, sortable: true },
			placeholder: 'Add Model',
			default: {},
			description:
				'Models that are asked one after the other when the one before did not answer well. Several providers need one of the combined choices under Provider.',
			options: [
				{
					displayName: 'Model',
					name: 'model',
					values: [
						{
							displayName: 'Provider',
							name: 'provider',
							type: 'options',
							default: 'same',
							options: [{ name: 'The Same', value: 'same' }, ...providers].sort((a, b) => a.name.localeCompare(b.name)),
						},
						{
							displayName: 'Model',
							name: 'model',
							type: 'string',
							default: '',
							placeholder: 'e.g. gpt-4o',
							description: 'ID of the model',
						},
						{
							displayName: 'Base URL',
							name: 'baseUrl',
							type: 'string',
							default: 'http://localhost:11434/v1',
							displayOptions: { show: { provider: ['openAiKeyless'] } },
						},
					],
				},
			],
		},
		{
			displayName: 'Fallback On',
			name: 'fallbackOn',
			type: 'multiOptions',
			default: ['rateLimit', 'outage', 'contextLength', 'contentPolicy', 'invalidAnswer'],
			description: 'What makes the next of the Fallback Models have a try',
			options: [
				{ name: 'Answer Cut Off', value: 'cutOff', description: 'The token limit ended the answer' },
				{ name: 'Answer Empty or Invalid', value: 'invalidAnswer', description: 'No text, no JSON, or not after the schema' },
				{ name: 'Any Other Error', value: 'other', description: 'Such as an unknown model or a wrong key' },
				{ name: 'Content Policy', value: 'contentPolicy', description: 'The prompt or the answer was refused' },
				{ name: 'Outage', value: 'outage', description: 'The provider cannot be reached, fails or times out' },
				{ name: 'Prompt Too Long', value: 'contextLength', description: 'The prompt does not fit into the context window' },
				{ name: 'Rate Limit', value: 'rateLimit', description: 'Also an exhausted quota' },
			],
		},
		{
			displayName: 'Fallback Unless True',
			name: 'fallbackField',
			type: 'string',
			default: '',
			placeholder: 'e.g. confident',
			description: 'A field of the JSON answer, or a path with dots, that must not be empty, 0 or false; otherwise the next model has a try',
		},
	];
}
