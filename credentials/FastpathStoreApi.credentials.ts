import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

/** A Redis or Valkey that the processes of one n8n share answers through. Tested by the nodes that use it. */
export class FastpathStoreApi implements ICredentialType {
	name = 'fastpathStoreApi';

	displayName = 'Fastpath Store API';

	icon: Icon = { light: 'file:fastpathStore.svg', dark: 'file:fastpathStore.dark.svg' };

	documentationUrl = 'https://github.com/n8n-nodes-fastpath/n8n-nodes-fastpath/blob/main/docs/shared-store.md';

	properties: INodeProperties[] = [
		{ displayName: 'Host', name: 'host', type: 'string', default: 'localhost', description: 'Where Redis or Valkey runs' },
		{ displayName: 'Port', name: 'port', type: 'number', default: 6379 },
		{ displayName: 'User', name: 'username', type: 'string', default: '', description: 'Leave empty for the default user' },
		{ displayName: 'Password', name: 'password', type: 'string', typeOptions: { password: true }, default: '' },
		{ displayName: 'Database', name: 'database', type: 'number', default: 0 },
		{ displayName: 'SSL', name: 'tls', type: 'boolean', default: false },
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreSslIssues',
			type: 'boolean',
			default: false,
			displayOptions: { show: { tls: [true] } },
			description: 'Whether to connect even if SSL certificate validation is not possible',
		},
		{
			displayName: 'Key Prefix',
			name: 'prefix',
			type: 'string',
			default: 'fastpath',
			description: 'What all keys begin with. Whoever has the same prefix in the same database shares the answers.',
		},
	];
}
