import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf } from '../../lib/core/validate';
import { GENERIC_TYPE_NAMES } from './choices';
import { PREDEFINED_TYPES } from './predefined-types';

/** Which credentials a request needs. */
export interface AccessSettings {
	/** Name of the credential's type; undefined for none. */
	readonly type: string | undefined;
	readonly sslCertificates: boolean;
	/** Look the credential up for each item, as an expression in it may depend on the item. */
	readonly perItem: boolean;
}

/** Parameters that `toAccessSettings` reads, apart from the options. */
export const ACCESS_PARAMETERS = [
	'authentication',
	'genericCredentialType',
	'genericAuthType',
	'nodeCredentialType',
	'provideSslCertificates',
] as const;

export function toAccessSettings(read: (name: string) => unknown, options: Readonly<Record<string, unknown>>): AccessSettings {
	return {
		type: credentialType(read),
		sslCertificates: read('provideSslCertificates') === true,
		perItem: options.credentialPerItem === true,
	};
}

function credentialType(read: (name: string) => unknown): string | undefined {
	const choices = ['none', 'predefinedCredentialType', 'genericCredentialType'] as const;
	switch (requireOneOf('Authentication', read('authentication') ?? 'none', choices)) {
		case 'none':
			return undefined;
		case 'genericCredentialType': {
			const own = read('genericCredentialType') ?? '';
			return requireOneOf('Generic Auth Type', own === '' ? read('genericAuthType') : own, GENERIC_TYPE_NAMES);
		}
		case 'predefinedCredentialType':
			return predefinedType(read('nodeCredentialType'));
	}
}

/** n8n gives a node only credentials that it names when it is built. */
function predefinedType(type: unknown): string {
	if (typeof type === 'string' && Object.hasOwn(PREDEFINED_TYPES, type)) return type;
	throw new InvalidOptionError(
		'Credential Type',
		"one of n8n's own credential types that can be applied to any request (not those of other community packages)",
		type,
	);
}
