import type { IExecuteFunctions, ILoadOptionsFunctions } from 'n8n-workflow';
import type { Egress } from '../../lib/http';
import { NO_CREDENTIAL_ID, readCredential } from '../../lib/n8n/credentials';
import { egressFor } from '../../lib/n8n/egress';
import { authHeadersOf, baseUrlOf, providerChoice, type ProviderChoice, type ProviderId } from './providers';

/** All that is needed to talk to a provider in the name of this node. */
export interface ProviderAccess {
	readonly choice: ProviderChoice;
	readonly baseUrl: string;
	readonly credentialId: string;
	readonly authHeaders: Readonly<Record<string, string>>;
	readonly egress: Egress;
}

/** Opens each provider once per execution: looking up a credential costs a millisecond. */
export function accessOpener(
	context: IExecuteFunctions | ILoadOptionsFunctions,
): (provider: ProviderId, baseUrl: string | undefined) => Promise<ProviderAccess> {
	const opened = new Map<string, Promise<ProviderAccess>>();
	return async (provider, baseUrl) => {
		const key = JSON.stringify([provider, baseUrl]);
		const present = opened.get(key) ?? open(context, provider, baseUrl);
		opened.set(key, present);
		return await present;
	};
}

async function open(
	context: IExecuteFunctions | ILoadOptionsFunctions,
	provider: ProviderId,
	baseUrl: string | undefined,
): Promise<ProviderAccess> {
	const choice = providerChoice(provider);
	if (choice.credential === undefined) {
		return {
			choice,
			baseUrl: baseUrl ?? choice.wire.defaultBaseUrl,
			credentialId: NO_CREDENTIAL_ID,
			authHeaders: {},
			egress: egressFor(context),
		};
	}
	const credential = await readCredential(context, choice.credential);
	return {
		choice,
		baseUrl: baseUrlOf(choice, credential.data),
		credentialId: credential.id,
		authHeaders: authHeadersOf(choice, credential.data),
		egress: egressFor(context, credential),
	};
}
