import {
	assertUrlAllowed,
	getCredentialAllowedDomains,
	type ICredentialDataDecryptedObject,
	type IExecuteFunctions,
	type ILoadOptionsFunctions,
	type INode,
} from 'n8n-workflow';

export interface HeldCredential {
	readonly type: string;
	/** Identity, for scopes and keys; never derived from the secret. */
	readonly id: string;
	readonly data: ICredentialDataDecryptedObject;
	/** Hosts that the credential may be sent to; undefined for all. */
	readonly allowedDomains: string | undefined;
}

export const NO_CREDENTIAL_ID = 'none';

type Context = IExecuteFunctions | ILoadOptionsFunctions;

/**
 * Reads a credential. n8n looks it up and decrypts it anew each time, at about a millisecond, so callers
 * hold on to it for an execution. Expressions in its fields are resolved for the given item.
 */
export async function readCredential(context: Context, type: string, itemIndex = 0): Promise<HeldCredential> {
	const node = context.getNode();
	const data = await context.getCredentials(type, itemIndex);
	return { type, id: credentialId(node, type), data, allowedDomains: allowedDomains(node, data) };
}

/** The id that n8n keeps with the node; a credential that is only named (imported, not yet saved) goes by its name. */
export function credentialId(node: INode, type: string): string {
	const held = node.credentials?.[type];
	if (!held) return NO_CREDENTIAL_ID;
	return `${type}:${held.id ?? held.name}`;
}

/** n8n's "Allowed HTTP Request Domains" of the credential, which n8n enforces only inside its own helpers. */
function allowedDomains(node: INode, credentialData: ICredentialDataDecryptedObject): string | undefined {
	if (typeof getCredentialAllowedDomains !== 'function') return undefined;
	return getCredentialAllowedDomains({ node, credentialData, surface: 'HTTP Request' });
}

/** Throws where the credential must not be sent to that address. */
export function assertCredentialAllows(node: INode, credential: HeldCredential | undefined, url: string): void {
	if (credential?.allowedDomains === undefined) return;
	assertUrlAllowed({ url, allowedDomains: credential.allowedDomains, node });
}
