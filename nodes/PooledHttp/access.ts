import type { IExecuteFunctions } from 'n8n-workflow';
import { canonical } from '../../lib/cache/key';
import type { Egress } from '../../lib/http';
import { DigestSession } from '../../lib/http/digest';
import { NO_CREDENTIAL_ID, readCredential } from '../../lib/n8n/credentials';
import { egressFor } from '../../lib/n8n/egress';
import { applyGenericAuth, type AppliedAuth } from '../../lib/n8n/generic-auth';
import type { GenericType } from './choices';

/** In whose name requests are made, and where to they may go. */
export interface Access {
	readonly credentialId: string;
	readonly auth: AppliedAuth | undefined;
	readonly digest: DigestSession | undefined;
	readonly egress: Egress;
	/** What the credential holds, which an expression in it may change from run to run. A secret: only its hash is used. */
	readonly held: () => string;
}

/** Reads each credential once per execution: looking one up costs a millisecond. */
export function accessOpener(context: IExecuteFunctions): (type: GenericType | undefined) => Promise<Access> {
	const opened = new Map<GenericType | undefined, Promise<Access>>();
	return async (type) => {
		const present = opened.get(type) ?? open(context, type);
		opened.set(type, present);
		return await present;
	};
}

async function open(context: IExecuteFunctions, type: GenericType | undefined): Promise<Access> {
	if (type === undefined) {
		return { credentialId: NO_CREDENTIAL_ID, auth: undefined, digest: undefined, egress: egressFor(context), held: () => '' };
	}
	const credential = await readCredential(context, type);
	const auth = applyGenericAuth(type, credential.data);
	return {
		credentialId: credential.id,
		auth,
		digest: auth.digest && new DigestSession(auth.digest),
		egress: egressFor(context, credential),
		held: () => canonical(credential.data),
	};
}
