import type { INodeProperties } from 'n8n-workflow';

export function embedProperties(show: { [name: string]: string[] }): INodeProperties[] {
	return [
		{
			displayName: 'Text',
			name: 'text',
			type: 'string',
			typeOptions: { rows: 4 },
			default: '',
			required: true,
			placeholder: 'e.g. {{ $json.description }}',
			description: 'The text to turn into a vector. Each text is cached by itself.',
			displayOptions: { show },
		},
	];
}

export function embedOptions(defaults: { readonly textsPerRequest: number }): INodeProperties[] {
	return [
		{
			displayName: 'Dimensions',
			name: 'dimensions',
			type: 'number',
			default: 256,
			typeOptions: { minValue: 1 },
			description: 'Length of the vectors, for models that can shorten them',
		},
		{
			displayName: 'Texts per Request',
			name: 'textsPerRequest',
			type: 'number',
			default: defaults.textsPerRequest,
			typeOptions: { minValue: 1, maxValue: 2048 },
			description: 'How many texts are sent together at most. OpenAI takes 2048, Gemini 100, other servers often fewer.',
		},
	];
}
