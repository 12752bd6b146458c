import type { ICredentialDataDecryptedObject, IExecuteFunctions } from 'n8n-workflow';
import { AuthenticationError } from '../core/errors';
import type { HttpResponse } from '../http';
import type { HeldCredential } from './credentials';
import { oauth2Quirks } from './oauth2-quirks';
import { fromSignOptions, toSignOptions, type SignOptions } from './sign-options';
import type { Authenticator, SendSigned, SignableRequest } from './signing';
import { toResponse } from './unpooled';

type LegacyOptions = Parameters<IExecuteFunctions['helpers']['requestWithAuthentication']>[1];

/**
 * OAuth1 and OAuth2 by n8n's own code, which signs, acquires and refreshes tokens and keeps them; what it
 * sends goes through `send`. n8n's function is called on a context whose `helpers.request` is ours, and
 * whose credential is read once for all requests of the execution: n8n writes a new token into it.
 * Refreshes are made one at a time per credential, by n8n; the first token, which it does not guard so,
 * is acquired by the first request while the others wait.
 */
export class OAuthAuthenticator implements Authenticator {
	readonly secretQuery = new Set<string>();
	#credential: Promise<ICredentialDataDecryptedObject> | undefined;
	#hasToken = false;
	#pilot: Promise<void> | undefined;

	constructor(
		private readonly context: IExecuteFunctions,
		held: HeldCredential,
		private readonly itemIndex: number,
		private readonly onUnpooled: () => void,
		private readonly type = held.type,
	) {
		this.#credential = Promise.resolve(held.data);
	}

	async send(request: SignableRequest, send: SendSigned): Promise<HttpResponse> {
		if (!this.#hasToken && this.#pilot) await this.#pilot;
		if (this.#hasToken) return await this.#signed(request, send);
		let onToken = () => {};
		const token = new Promise<void>((resolve) => (onToken = resolve));
		const response = this.#signed(request, async (signed) => {
			this.#hasToken = true;
			onToken();
			return await send(signed);
		});
		const pilot = Promise.race([token, response]).then(() => {});
		pilot.catch(() => {});
		this.#pilot = pilot;
		return await response.finally(() => {
			if (this.#pilot === pilot) this.#pilot = undefined;
		});
	}

	async #signed(request: SignableRequest, send: SendSigned): Promise<HttpResponse> {
		const credential = this.#credential ?? this.#read();
		// n8n signs address, query and form; any other body stays with us.
		const signable: SignableRequest = request.body.kind === 'form' ? request : { ...request, body: { kind: 'none' } };
		let response: HttpResponse | undefined;
		let failed: { readonly error: unknown } | undefined;
		const transmit = async (options: Partial<SignOptions>) => {
			// A second time means that the token was refused: whoever comes next looks it up again.
			if (response && this.#credential === credential) this.#credential = undefined;
			const sending = send(fromSignOptions(signable, options, this.secretQuery));
			sending.catch((error: unknown) => (failed = { error }));
			response = await sending;
			return { statusCode: statusFor(request, response), headers: response.headers, body: '' };
		};
		const { context, type } = this;
		// Another server that a redirect led to has no say on our token.
		const helpers = Object.create(context.helpers, { request: { value: transmit } }) as IExecuteFunctions['helpers'];
		const substitute = Object.create(context, {
			helpers: { value: helpers },
			getCredentials: { value: async () => await credential },
		}) as IExecuteFunctions;
		const quirks = oauth2Quirks(type);
		const answer: unknown = await context.helpers.requestWithAuthentication
			.call(substitute, type, optionsFor(signable), quirks && { oauth2: quirks }, this.itemIndex)
			.catch((error: unknown) => Promise.reject(failed ? failed.error : new AuthenticationError(error)));
		if (response) return response;
		this.onUnpooled();
		return toResponse(request, answer);
	}

	#read(): Promise<ICredentialDataDecryptedObject> {
		this.#credential = this.context.getCredentials(this.type, this.itemIndex);
		this.#credential.catch(() => (this.#credential = undefined));
		return this.#credential;
	}
}

function optionsFor(request: SignableRequest): LegacyOptions {
	return { ...toSignOptions(request), resolveWithFullResponse: true, simple: false } as unknown as LegacyOptions;
}

function statusFor(request: SignableRequest, response: HttpResponse): number {
	return new URL(response.url).origin === new URL(request.url).origin ? response.status : 200;
}
