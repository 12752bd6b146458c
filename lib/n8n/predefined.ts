import type { ICredentialDataDecryptedObject, IExecuteFunctions, IHttpRequestOptions, ICredentialsHelper, INode, Workflow } from 'n8n-workflow';
import { AuthenticationError } from '../core/errors';
import type { HttpResponse } from '../http';
import type { HeldCredential } from './credentials';
import { fromSignOptions, toSignOptions } from './sign-options';
import type { Authenticator, SendSigned, SignableRequest, SignedRequest } from './signing';

type Data = ICredentialDataDecryptedObject;

/** What n8n's contexts hold beyond their public face. */
export interface Internals {
	readonly helper: ICredentialsHelper;
	readonly workflow: Workflow;
	readonly node: INode;
}

/** Undefined where this n8n keeps them elsewhere. */
export function internalsOf(context: IExecuteFunctions): Internals | undefined {
	const { additionalData, workflow, node } = context as unknown as {
		additionalData?: { credentialsHelper?: Partial<ICredentialsHelper> };
		workflow?: Workflow;
		node?: INode;
	};
	const helper = additionalData?.credentialsHelper;
	if (!workflow || !node || typeof helper?.authenticate !== 'function' || typeof helper.preAuthentication !== 'function') {
		return undefined;
	}
	return { helper: helper as ICredentialsHelper, workflow, node };
}

/**
 * Credentials that say themselves how a request is signed, by n8n's own reading of them. Those that
 * expire are renewed when the server answers 401, once for all requests that wait for it.
 */
export class PredefinedAuthenticator implements Authenticator {
	readonly secretQuery = new Set<string>();
	#held: Promise<Data> | undefined;
	#renewal: Promise<Data | undefined> | undefined;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly credential: HeldCredential,
		private readonly internals: Internals,
	) {}

	async send(request: SignableRequest, send: SendSigned): Promise<HttpResponse> {
		const held = this.#hold();
		const response = await send(await this.#sign(await held, request));
		if (response.status !== 401 || new URL(response.url).origin !== new URL(request.url).origin) return response;
		const renewed = await this.#renew(held);
		return renewed === undefined ? response : await send(await this.#sign(renewed, request));
	}

	#hold(): Promise<Data> {
		if (this.#held === undefined) {
			this.#held = this.#open();
			// All that wait share a failure; who comes later tries anew.
			this.#held.catch(() => (this.#held = undefined));
		}
		return this.#held;
	}

	async #sign(data: Data, request: SignableRequest): Promise<SignedRequest> {
		const { helper, workflow, node } = this.internals;
		const options = toSignOptions(request) as unknown as IHttpRequestOptions;
		const signed: object = await helper.authenticate({ ...data }, this.credential.type, options, workflow, node).catch(unusable);
		return fromSignOptions(request, signed, this.secretQuery);
	}

	async #open(): Promise<Data> {
		const { data } = this.credential;
		return (await this.#preAuthenticate(data, false)) ?? data;
	}

	/** Nothing where the credential does not expire. */
	async #renew(refused: Promise<Data>): Promise<Data | undefined> {
		if (this.#held !== undefined && this.#held !== refused) return await this.#held;
		this.#renewal ??= this.#renewNow(refused).finally(() => (this.#renewal = undefined));
		return await this.#renewal;
	}

	async #renewNow(refused: Promise<Data>): Promise<Data | undefined> {
		const renewed = await this.#preAuthenticate(await refused, true);
		if (renewed !== undefined) this.#held = Promise.resolve(renewed);
		return renewed;
	}

	async #preAuthenticate(data: Data, expired: boolean): Promise<Data | undefined> {
		const { helper, node } = this.internals;
		const { helpers } = this.context;
		const { type } = this.credential;
		const renewed = await helper.preAuthentication({ helpers }, { ...data }, type, node, expired).catch(unusable);
		return renewed && { ...data, ...renewed };
	}
}

async function unusable(error: unknown): Promise<never> {
	return await Promise.reject(new AuthenticationError(error));
}
