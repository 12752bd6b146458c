import type { Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

const REDIS = { type: ['redis'] };
const SQLITE = { type: ['sqlite'] };
const BY_PARTS = { ...REDIS, deployment: ['single', 'cluster', 'sentinel'] };
const SEVERAL = { ...REDIS, deployment: ['cluster', 'sentinel'] };

/** Where answers are kept for all processes of one n8n. Tested by the nodes that use it. */
export class FastpathStoreApi implements ICredentialType {
	name = 'fastpathStoreApi';

	displayName = 'Fastpath Store API';

	icon: Icon = { light: 'file:fastpathStore.svg', dark: 'file:fastpathStore.dark.svg' };

	documentationUrl = 'https://github.com/n8n-nodes-fastpath/n8n-nodes-fastpath/blob/main/docs/shared-store.md';

	properties: INodeProperties[] = [
		{
			displayName: 'Type',
			name: 'type',
			type: 'options',
			default: 'redis',
			options: [
				{ name: 'Redis or Valkey', value: 'redis', description: 'For all processes, on whichever machine' },
				{ name: 'SQLite File', value: 'sqlite', description: 'For the processes of one machine; survives restarts and needs no server' },
			],
		},
		{
			displayName: 'Deployment',
			name: 'deployment',
			type: 'options',
			default: 'single',
			displayOptions: { show: REDIS },
			options: [
				{ name: 'Single Server', value: 'single' },
				{ name: 'Single Server, by URL', value: 'url' },
				{ name: 'Cluster', value: 'cluster' },
				{ name: 'Sentinel', value: 'sentinel' },
			],
		},
		{
			displayName: 'URL',
			name: 'urlWithPassword',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			placeholder: 'redis://user:password@host:6379/0',
			description: 'Begins with rediss:// where the server is reached over SSL',
			displayOptions: { show: { ...REDIS, deployment: ['url'] } },
		},
		{
			displayName: 'Host',
			name: 'host',
			type: 'string',
			default: 'localhost',
			description: 'Where Redis or Valkey runs',
			displayOptions: { show: { ...REDIS, deployment: ['single'] } },
		},
		{ displayName: 'Port', name: 'port', type: 'number', default: 6379, displayOptions: { show: { ...REDIS, deployment: ['single'] } } },
		{
			displayName: 'Nodes',
			name: 'nodes',
			type: 'string',
			default: '',
			placeholder: '10.0.0.1:6379, 10.0.0.2:6379',
			description: 'Some nodes of the cluster, or the sentinels, each as host:port, separated by commas',
			displayOptions: { show: SEVERAL },
		},
		{
			displayName: 'Master Name',
			name: 'masterName',
			type: 'string',
			default: 'mymaster',
			description: 'What the sentinels call the group of servers',
			displayOptions: { show: { ...REDIS, deployment: ['sentinel'] } },
		},
		{
			displayName: 'Sentinel Password',
			name: 'sentinelPassword',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Where the sentinels have one of their own',
			displayOptions: { show: { ...REDIS, deployment: ['sentinel'] } },
		},
		{
			displayName: 'User',
			name: 'username',
			type: 'string',
			default: '',
			description: 'Leave empty for the default user',
			displayOptions: { show: BY_PARTS },
		},
		{
			displayName: 'Password',
			name: 'password',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			displayOptions: { show: BY_PARTS },
		},
		{
			displayName: 'Database',
			name: 'database',
			type: 'number',
			default: 0,
			displayOptions: { show: { ...REDIS, deployment: ['single', 'sentinel'] } },
		},
		{ displayName: 'SSL', name: 'tls', type: 'boolean', default: false, displayOptions: { show: BY_PARTS } },
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'ignoreSslIssues',
			type: 'boolean',
			default: false,
			displayOptions: { show: REDIS },
			description: 'Whether to connect even if SSL certificate validation is not possible',
		},
		{
			displayName: 'CA Certificate',
			name: 'ca',
			type: 'string',
			typeOptions: { rows: 3 },
			default: '',
			placeholder: '-----BEGIN CERTIFICATE-----',
			displayOptions: { show: REDIS },
			description: 'In PEM, where the server has a certificate of an authority of your own',
		},
		{
			displayName: 'Key Prefix',
			name: 'prefix',
			type: 'string',
			default: 'fastpath',
			displayOptions: { show: REDIS },
			description: 'What all keys begin with. Whoever has the same prefix in the same database shares the answers.',
		},
		{
			displayName: 'Connect Timeout',
			name: 'connectTimeoutMs',
			type: 'number',
			default: 2000,
			typeOptions: { minValue: 100, maxValue: 10000 },
			displayOptions: { show: REDIS },
			description: 'In milliseconds',
		},
		{
			displayName: 'Command Timeout',
			name: 'commandTimeoutMs',
			type: 'number',
			default: 250,
			typeOptions: { minValue: 10, maxValue: 5000 },
			displayOptions: { show: REDIS },
			description: 'In milliseconds. A store that takes longer costs more than it saves.',
		},
		{
			displayName: 'File',
			name: 'file',
			type: 'string',
			default: 'store.db',
			displayOptions: { show: SQLITE },
			description: 'Lies in the folder .n8n/fastpath of the n8n user. An absolute path must be one that n8n lets workflows reach.',
		},
		{
			displayName: 'Maximum Size (MB)',
			name: 'maxMegabytes',
			type: 'number',
			default: 256,
			typeOptions: { minValue: 4, maxValue: 65536 },
			displayOptions: { show: SQLITE },
			description: 'When it is reached, the oldest answers leave',
		},
		{
			displayName: 'Encryption Key',
			name: 'encryptionSecret',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description:
				'Encrypts what is stored (AES-256-GCM). At least 16 characters without spaces; best by chance, such as from <code>openssl rand -base64 32</code>. Leave empty to store as is.',
		},
		{
			displayName: 'Earlier Encryption Keys',
			name: 'earlierEncryptionSecrets',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			description: 'Up to three, separated by spaces. What was stored with them can still be read.',
		},
		{
			displayName: 'Write in Batches',
			name: 'writeBehind',
			type: 'boolean',
			default: false,
			description:
				'Whether answers reach the store up to 50 milliseconds later, many at once, so that no item waits for a write. What is on its way is lost if the process dies.',
		},
	];
}
