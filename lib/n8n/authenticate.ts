import type { IExecuteFunctions } from 'n8n-workflow';
import type { HeldCredential } from './credentials';
import { addHint } from './hints';
import { OAuthAuthenticator } from './oauth';
import { internalsOf, PredefinedAuthenticator } from './predefined';
import type { Authenticator } from './signing';
import { UnpooledAuthenticator } from './unpooled';

const OAUTH_TYPES = ['oAuth1Api', 'oAuth2Api'];

const UNPOOLED =
	'This version of n8n applies the credential only in its own client: the requests are sent, but each over a connection of its own.';

/**
 * What applies a credential that cannot be applied by hand. Where n8n's inside is not as we know it, its
 * own client sends the requests, and a hint says so.
 */
export function authenticatorFor(context: IExecuteFunctions, credential: HeldCredential, itemIndex: number): Authenticator {
	const internals = internalsOf(context);
	const { type } = credential;
	let hinted = false;
	const hint = () => {
		if (!hinted) addHint(context, UNPOOLED, 'warning');
		hinted = true;
	};
	const kinds = [type, ...(internals?.helper.getParentTypes(type) ?? [])];
	if (kinds.some((kind) => OAUTH_TYPES.includes(kind))) return new OAuthAuthenticator(context, credential, itemIndex, hint);
	if (internals) return new PredefinedAuthenticator(context, credential, internals);
	hint();
	return new UnpooledAuthenticator(context, type);
}
