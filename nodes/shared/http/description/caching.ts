import type { INodeProperties } from 'n8n-workflow';
import { adaptiveProperty, scopeProperties, tagsProperty } from '../../cache';

const CACHING = { mode: ['server', 'fixed'] };

/** Members of the options collection that spare requests, or parts of them. */
export const cachingOptions: INodeProperties[] = [
	{
		displayName: 'Compress Request Body',
		name: 'compressBody',
		type: 'options',
		default: 'off',
		description:
			'Compresses request bodies from the size below on. A server that refuses one gets it again as it is, and its later ones at once.',
		options: [
			{ name: 'Brotli', value: 'br' },
			{ name: 'Gzip', value: 'gzip' },
			{ name: 'Off', value: 'off' },
			{ name: 'Zstandard', value: 'zstd', description: 'Needs Node.js 22.15 or later' },
		],
	},
	{
		displayName: 'Compress Request Body From (KB)',
		name: 'compressFromKb',
		type: 'number',
		default: 1,
		typeOptions: { minValue: 0 },
		description: 'Smaller bodies are sent as they are',
		displayOptions: { show: { compressBody: ['br', 'gzip', 'zstd'] } },
	},
	{
		displayName: 'DNS Cache',
		name: 'dnsCache',
		type: 'boolean',
		default: true,
		description: 'Whether to remember for 30 seconds which addresses a host name has',
	},
	{
		displayName: 'Response Cache',
		name: 'responseCache',
		type: 'fixedCollection',
		placeholder: 'Add Response Cache',
		typeOptions: { multipleValues: false },
		default: { cache: {} },
		description:
			'Answers GET and HEAD requests from stored responses. Other requests to an address remove what is stored for it, if the cache is on for them as well.',
		options: [
			{
				displayName: 'Cache',
				name: 'cache',
				values: [
					{
						displayName: 'Mode',
						name: 'mode',
						type: 'options',
						noDataExpression: true,
						default: 'server',
						description: 'What decides how long a response is used again. Responses over 1 MB are never stored.',
						options: [
							{ name: 'Follow the Server (RFC 9111)', value: 'server', description: 'As its Cache-Control, ETag and Vary headers say' },
							{ name: 'For a Fixed Time', value: 'fixed', description: 'Whatever the server says' },
							{ name: 'Off', value: 'off' },
						],
					},
					{
						displayName: 'Time to Live (Seconds)',
						name: 'ttlSeconds',
						type: 'number',
						default: 300,
						typeOptions: { minValue: 1 },
						description: 'How long a response is used again',
						displayOptions: { show: { mode: ['fixed'] } },
					},
					adaptiveProperty({ default: 0, displayOptions: { show: { mode: ['fixed'] } } }),
					...scopeProperties(CACHING),
					tagsProperty(CACHING),
				],
			},
		],
	},
	{
		displayName: 'Share Requests in Flight',
		name: 'shareInFlight',
		type: 'boolean',
		default: false,
		description:
			'Whether identical GET and HEAD requests that run at the same time are sent once and all get that response. Always so where the response cache is on.',
	},
];
