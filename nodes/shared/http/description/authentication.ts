import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { storeCredential } from '../../store';
import { GENERIC_TYPE_NAMES, GENERIC_TYPES } from '../choices';
import { PREDEFINED_TYPES } from '../predefined-types';

/** An option without a credential keeps the editor from taking a choice of credentials for the node's main choice, and hiding it. */
const NOTHING_CHOSEN = { name: 'Select…', value: '' };

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
				name: 'Predefined Credential Type',
				value: 'predefinedCredentialType',
				description: 'A credential that n8n has for the service itself',
			},
			{
				name: 'Generic Credential Type',
				value: 'genericCredentialType',
				description: 'A credential that fits any service, such as basic, header or bearer',
			},
		],
	},
	{
		displayName: 'Credential Type',
		name: 'nodeCredentialType',
		type: 'options',
		noDataExpression: true,
		default: '',
		description: 'The service that the credential is for',
		displayOptions: { show: { authentication: ['predefinedCredentialType'] } },
		options: [...Object.entries(PREDEFINED_TYPES).map(([value, name]) => ({ name, value })), NOTHING_CHOSEN],
	},
	{
		displayName: 'Make sure you have specified the scope(s) for the Service Account in the credential',
		name: 'googleApiWarning',
		type: 'notice',
		default: '',
		displayOptions: { show: { authentication: ['predefinedCredentialType'], nodeCredentialType: ['googleApi'] } },
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
			NOTHING_CHOSEN,
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
		displayOptions: { show: { authentication: ['genericCredentialType', 'predefinedCredentialType'] } },
	},
	{
		// The place of the certificates' picker where there is no other.
		displayName: 'SSL Certificate',
		name: 'sslCertificate',
		type: 'credentials',
		default: '',
		displayOptions: { show: { authentication: ['none'], provideSslCertificates: [true] } },
	},
	{
		displayName: 'SSL Certificates',
		name: 'provideSslCertificates',
		type: 'boolean',
		default: false,
		isNodeSetting: true,
	},
	{
		displayName: "Provide certificates in node's 'Credential for SSL Certificates' parameter",
		name: 'provideSslCertificatesNotice',
		type: 'notice',
		default: '',
		isNodeSetting: true,
		displayOptions: { show: { provideSslCertificates: [true] } },
	},
];

/** Each is shown where one of the two parameters names it; n8n gives a node only credentials that are shown. */
const genericCredentials: INodeCredentialDescription[] = GENERIC_TYPE_NAMES.map((name) => {
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

const predefinedCredentials: INodeCredentialDescription[] = Object.keys(PREDEFINED_TYPES).map((name) => ({
	name,
	required: true,
	displayOptions: { show: { authentication: ['predefinedCredentialType'], nodeCredentialType: [name] } },
}));

const certificates: INodeCredentialDescription = {
	name: 'httpSslAuth',
	displayName: 'SSL Certificates',
	required: true,
	displayOptions: { show: { provideSslCertificates: [true] } },
};

export const credentials: INodeCredentialDescription[] = [...genericCredentials, ...predefinedCredentials, certificates, storeCredential('/options.store')];
