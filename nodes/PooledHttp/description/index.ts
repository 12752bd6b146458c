import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { DEFAULT_VERSION, VERSIONS } from '../../shared/http/versions';
import { clearProperties } from '../../shared/clear';
import { storeProperty } from '../../shared/store';
import { authenticationProperties, credentials } from '../../shared/http/description/authentication';
import { bodyProperties } from '../../shared/http/description/body';
import { optimizeProperties } from './optimize';
import { optionsProperty } from '../../shared/http/description/options';
import { headerProperties, queryProperties, targetProperties } from '../../shared/http/description/request';

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'request',
	options: [
		{
			name: 'Clear Cache',
			value: 'clear',
			action: 'Clear the response cache',
			description: 'Make stored responses count no longer, so that the next requests are sent',
		},
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

const clearOptions: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add option',
	default: {},
	displayOptions: { show: { operation: ['clear'] } },
	options: [storeProperty],
};

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
	properties: [operation, ...properties, ...clearProperties(['workflow', 'node', 'url', 'tag', 'key', 'all']), clearOptions],
};
