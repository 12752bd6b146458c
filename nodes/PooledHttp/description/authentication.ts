import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { GENERIC_TYPE_NAMES, GENERIC_TYPES } from '../choices';

/**
 * HTTP Request keeps its choice in `genericAuthType`, a name for which the editor always shows a picker
 * of its own. So the choice made here has another name, and the other one counts where it is empty.
 */
export const authenticationProperties: INodeProperties[] = [
	{
		displayName: 'Authentication',
		name: 'authentication',
		type: 'options',
		noDataExpression: true,
		default: 'none',
		options: [
			{ name: 'None', value: 'none' },
			{
				name: 'Generic Credential Type',
				value: 'genericCredentialType',
				description: 'A credential that fits any service, such as basic, header or bearer',
			},
		],
	},
	{
		displayName: 'Generic Auth Type',
		name: 'genericCredentialType',
		type: 'options',
		noDataExpression: true,
		default: '',
		description: 'How the service wants to be told who is calling',
		displayOptions: { show: { authentication: ['genericCredentialType'] } },
		options: [
			...GENERIC_TYPE_NAMES.map((value) => ({ name: GENERIC_TYPES[value], value })),
			// An option without a credential keeps the editor from taking this for the node's main choice, and hiding it.
			{ name: 'Select…', value: '' },
		],
	},
	{
		displayName: 'Generic Auth Type of HTTP Request',
		name: 'genericAuthType',
		type: 'hidden',
		default: '',
		displayOptions: { show: { authentication: ['genericCredentialType'], genericCredentialType: [''] } },
	},
	{
		// Where the editor puts the picker of the credential; without it, that stands above the choice of its type.
		displayName: 'Credential',
		name: 'credential',
		type: 'credentials',
		default: '',
		displayOptions: { show: { authentication: ['genericCredentialType'] } },
	},
];

/** Each is shown where one of the two parameters names it; n8n gives a node only credentials that are shown. */
export const genericCredentials: INodeCredentialDescription[] = GENERIC_TYPE_NAMES.map((name) => {
	const others = GENERIC_TYPE_NAMES.filter((other) => other !== name);
	return {
		name,
		required: true,
		displayOptions: {
			show: { authentication: ['genericCredentialType'] },
			hide: { genericCredentialType: others, genericAuthType: [...others, ''] },
		},
	};
});
