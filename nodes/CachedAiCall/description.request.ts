import type { INodeProperties } from 'n8n-workflow';

/** A request that is there already, and what becomes of the answer. */
export function requestProperties(show: { [name: string]: string[] }): INodeProperties[] {
	return [
		{
			displayName: 'Endpoint',
			name: 'endpoint',
			type: 'options',
			noDataExpression: true,
			default: 'chat',
			displayOptions: { show },
			options: [
				{ name: 'Chat Completions', value: 'chat', description: '/v1/chat/completions' },
				{ name: 'Embeddings', value: 'embeddings', description: '/v1/embeddings; each text is cached by itself' },
				{ name: 'Models', value: 'models', description: '/v1/models' },
			],
		},
		{
			displayName: 'Request Body',
			name: 'requestBody',
			type: 'json',
			typeOptions: { rows: 6 },
			default: '={{ $json.body }}',
			required: true,
			description:
				'The whole request as the API takes it: model, messages, tools, response_format and all else. "Stream" is obeyed in an HTTP response, and left out of what is sent.',
			displayOptions: { show: { ...show, endpoint: ['chat', 'embeddings'] } },
		},
		{
			displayName: 'Put Out',
			name: 'response',
			type: 'options',
			noDataExpression: true,
			default: 'raw',
			displayOptions: { show },
			options: [
				{
					name: 'HTTP Response',
					value: 'http',
					description: 'Status code, content type and body for a Respond to Webhook node, also for what fails',
				},
				{ name: "Provider's Response", value: 'raw', description: 'The response as the provider gave it: ID, choices, usage' },
			],
		},
	];
}
