import type { INodeProperties } from 'n8n-workflow';

const timeouts: INodeProperties[] = [
	{
		displayName: 'Body Idle Timeout',
		name: 'bodyIdleTimeout',
		type: 'number',
		default: 60000,
		typeOptions: { minValue: 1 },
		description: 'Time in ms that may pass between two pieces of a response; without it, Timeout alone counts',
	},
	{
		displayName: 'Connect Timeout',
		name: 'connectTimeout',
		type: 'number',
		default: 10000,
		typeOptions: { minValue: 1 },
		description: 'Time in ms that opening a connection may take: name resolution, proxy and TLS included',
	},
	{
		displayName: 'First Byte Timeout',
		name: 'firstByteTimeout',
		type: 'number',
		default: 60000,
		typeOptions: { minValue: 1 },
		description: 'Time in ms from the request sent to the first of the response; without it, Timeout alone counts',
	},
];

const balancing: INodeProperties[] = [
	{
		displayName: 'Alternative Origins',
		name: 'alternativeOrigins',
		type: 'fixedCollection',
		placeholder: 'Add Origin',
		typeOptions: { multipleValues: true },
		default: {},
		description:
			'Further servers that answer the same requests. Calls are spread over them and the one in the URL; one that fails is left out for a while, and a retry goes to another.',
		options: [
			{
				displayName: 'Origin',
				name: 'origin',
				values: [
					{
						displayName: 'Origin',
						name: 'origin',
						type: 'string',
						default: '',
						placeholder: 'e.g. https://eu.example.com',
						description: 'Scheme, host and port; path and query come from the URL',
					},
					{
						displayName: 'Weight',
						name: 'weight',
						type: 'number',
						default: 1,
						description: 'Share of the calls under Weighted. The origin of the URL has 1, unless it is listed too.',
					},
				],
			},
		],
	},
	{
		displayName: 'Health Check Interval (Seconds)',
		name: 'healthCheckSeconds',
		type: 'number',
		default: 30,
		typeOptions: { minValue: 1 },
		description: 'How often the Health Check Path is asked for, while the origins are in use',
	},
	{
		displayName: 'Health Check Path',
		name: 'healthCheckPath',
		type: 'string',
		default: '',
		placeholder: 'e.g. /health',
		description:
			'Path that each origin is asked for, without credentials, to see whether it is well: status below 400. Without it, their answers tell.',
	},
	{
		displayName: 'Load Balancing',
		name: 'loadBalancing',
		type: 'options',
		default: 'roundRobin',
		description: 'Which of the origins a call goes to',
		options: [
			{ name: 'In Order', value: 'inOrder', description: 'The first one that is well; the others stand in' },
			{ name: 'Least Connections', value: 'leastConnections', description: 'The one with the fewest calls under way' },
			{ name: 'Lowest Latency', value: 'latency', description: 'The better one of two at random, after latency and calls under way' },
			{ name: 'Random', value: 'random', description: 'Any' },
			{ name: 'Round Robin', value: 'roundRobin', description: 'Each in turn' },
			{ name: 'Weighted', value: 'weighted', description: 'Each in turn, as often as its weight says' },
		],
	},
];

const hedging: INodeProperties[] = [
	{
		displayName: 'Hedge After',
		name: 'hedgeAfter',
		type: 'number',
		default: 1000,
		typeOptions: { minValue: 1 },
		description: 'Time in ms after which the second attempt is sent, where Hedged Requests are sent after a fixed time',
	},
	{
		displayName: 'Hedged Requests',
		name: 'hedgedRequests',
		type: 'options',
		default: 'off',
		description:
			'Whether to send a second attempt beside one that takes long, and use what comes first. Only for GET, HEAD and OPTIONS; each one counts as a retry.',
		options: [
			{ name: 'After a Fixed Time', value: 'fixed' },
			{ name: 'After the 95th Percentile', value: 'p95', description: 'When it takes longer than 95 of 100 recent calls' },
			{ name: 'Off', value: 'off' },
		],
	},
];

export const steadinessOptions: INodeProperties[] = [...timeouts, ...balancing, ...hedging];
