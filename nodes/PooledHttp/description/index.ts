import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { DEFAULT_VERSION, VERSIONS } from '../versions';
import { authenticationProperties, credentials } from './authentication';
import { bodyProperties } from './body';
import { optimizeProperties } from './optimize';
import { optionsProperty } from './options';
import { headerProperties, queryProperties, targetProperties } from './request';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'request',
	options: [
		{
			name: 'Make a Request',
			value: 'request',
			action: 'Make a pooled HTTP request',
			description: 'Call a URL over connections that are kept open',
		},
	],
};

/** Names and meaning of all parameters are those of n8n's HTTP Request, so that its cURL import fills them in. */
const properties: INodeProperties[] = [
	...targetProperties,
	...authenticationProperties,
	...queryProperties,
	...headerProperties,
	...bodyProperties,
	optionsProperty,
	...optimizeProperties,
].map((property) => ({
	...property,
	displayOptions: { ...property.displayOptions, show: { operation: ['request'], ...property.displayOptions?.show } },
}));

export const description: INodeTypeDescription = {
	displayName: 'Pooled HTTP',
	name: 'pooledHttp',
	group: ['output'],
	version: VERSIONS,
	defaultVersion: DEFAULT_VERSION,
	description: 'Make HTTP requests over connections that stay open, many items at once, with retries',
	defaults: { name: 'Pooled HTTP' },
	inputs: ['main'],
	outputs: ['main'],
	credentials,
	properties: [operation, ...properties],
};
