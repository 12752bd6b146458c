import type { IExecuteFunctions } from 'n8n-workflow';
import { canonical } from '../../../lib/cache/canonical';
import type { Egress, TlsOptions } from '../../../lib/http';
import { DigestSession } from '../../../lib/http/digest';
import { authenticatorFor } from '../../../lib/n8n/authenticate';
import { NO_CREDENTIAL_ID, readCredential } from '../../../lib/n8n/credentials';
import { egressFor } from '../../../lib/n8n/egress';
import { applyGenericAuth, GENERIC_AUTH_TYPES, type AppliedAuth } from '../../../lib/n8n/generic-auth';
import type { Authenticator } from '../../../lib/n8n/signing';
import { readTls } from '../../../lib/n8n/ssl';
import type { AccessSettings } from './authentication';

/** In whose name requests are made, and where to they may go. */
export interface Access {
	readonly credentialId: string;
	/** What is the same for all requests. */
	readonly auth: AppliedAuth | undefined;
	/** Signs each request, where the credential wants that. */
	readonly authenticator: Authenticator | undefined;
	readonly digest: DigestSession | undefined;
	readonly egress: Egress;
	/** Certificates of the client; the same object throughout an execution. */
	readonly tls: TlsOptions | undefined;
	/** The credential says so of its service. */
	readonly ignoreSslIssues: boolean;
	/** What the credential holds, which an expression in it may change from run to run. A secret: only its hash is used. */
	readonly held: () => string;
}

export type OpenAccess = (settings: AccessSettings, itemIndex: number) => Promise<Access>;

/** Reads each credential once per execution, as looking one up costs a millisecond; once per item where the user asks for it. */
export function accessOpener(context: IExecuteFunctions): OpenAccess {
	const opened = new Map<string, Promise<Access>>();
	let certificates: Promise<TlsOptions> | undefined;
	return async (settings, itemIndex) => {
		const open = async (index: number) => {
			if (settings.sslCertificates) certificates ??= readTls(context);
			return await openAccess(context, settings.type, await (settings.sslCertificates ? certificates : undefined), index);
		};
		if (settings.perItem) return await open(itemIndex);
		const key = `${settings.type} ${settings.sslCertificates}`;
		const present = opened.get(key) ?? open(0);
		opened.set(key, present);
		return await present;
	};
}

async function openAccess(
	context: IExecuteFunctions,
	type: string | undefined,
	tls: TlsOptions | undefined,
	itemIndex: number,
): Promise<Access> {
	const nothing = { auth: undefined, authenticator: undefined, digest: undefined, tls, ignoreSslIssues: false, held: () => '' };
	if (type === undefined) return { ...nothing, credentialId: NO_CREDENTIAL_ID, egress: egressFor(context) };
	const credential = await readCredential(context, type, itemIndex);
	const held = () => canonical(credential.data);
	const common = { ...nothing, credentialId: credential.id, egress: egressFor(context, credential), held };
	if (!GENERIC_AUTH_TYPES.includes(type)) {
		const ignoreSslIssues = credential.data.ignoreSSLIssues === true;
		return { ...common, authenticator: authenticatorFor(context, credential, itemIndex), ignoreSslIssues };
	}
	const auth = applyGenericAuth(type, credential.data);
	return { ...common, auth, digest: auth.digest && new DigestSession(auth.digest) };
}

/** Names of the query parameters that no output may show. */
export function secretQueryOf({ auth, authenticator }: Access): string[] {
	return [...Object.keys(auth?.query ?? {}), ...(authenticator?.secretQuery ?? [])];
}
