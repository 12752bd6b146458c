import type { LookupFunction } from 'node:net';
import type { IAllExecuteFunctions, INode } from 'n8n-workflow';
import { EgressBlockedError, NetworkError } from '../core/errors';
import type { Egress } from '../http';
import { assertCredentialAllows, type HeldCredential } from './credentials';

interface EgressContext {
	readonly helpers: Partial<Pick<IAllExecuteFunctions['helpers'], 'getSecureEgressFilter'>>;
	getNode(): INode;
}

/**
 * Where requests of this node may go: n8n's own protection against server-side request forgery, where
 * this n8n has it, and the domains that the credential is limited to. Made once per execution.
 */
export function egressFor(context: EgressContext, credential?: HeldCredential): Egress {
	const filter = context.helpers.getSecureEgressFilter?.();
	const node = context.getNode();
	return {
		active: filter !== undefined,
		lookup: filter && guarded(filter.createSecureLookup()),
		async validateUrl(url) {
			blockOnThrow(() => assertCredentialAllows(node, credential, url));
			const refusal = filter && (await refusalOf(filter, url));
			if (refusal !== undefined) throw unresolved(refusal, url) ?? blocked(refusal);
		},
		validateHost(host) {
			const verdict = filter?.validateConnectionHost(host);
			if (verdict && !verdict.ok) throw blocked(verdict.error);
		},
	};
}

function blockOnThrow(check: () => void): void {
	try {
		check();
	} catch (error) {
		throw blocked(error);
	}
}

function blocked(cause: unknown): EgressBlockedError {
	return new EgressBlockedError(cause instanceof Error ? cause.message : 'The address is not allowed', { cause });
}

/** n8n's look-up refuses with an error of its own; one of the resolver names the system call that failed. */
function guarded(lookup: LookupFunction): LookupFunction {
	return (hostname, options, callback) =>
		lookup(hostname, options, (error, address, family) =>
			callback(error && !('syscall' in error) ? blocked(error) : error, address, family),
		);
}

type Filter = ReturnType<NonNullable<EgressContext['helpers']['getSecureEgressFilter']>>;

/** Why an address may not be asked. n8n returns its verdicts, but throws where it could not come to one. */
async function refusalOf(filter: NonNullable<Filter>, url: string): Promise<unknown> {
	try {
		const verdict = await filter.validateUrl(url);
		return verdict.ok ? undefined : verdict.error;
	} catch (error) {
		return error ?? new Error('The address could not be judged');
	}
}

/** n8n resolves the name to judge it. That it could not is a failure of the network, as it is without protection. */
function unresolved(error: unknown, url: string): NetworkError | undefined {
	if (!(error instanceof Error) || !('syscall' in error)) return undefined;
	const systemCode = 'code' in error ? String(error.code) : undefined;
	const known = systemCode === 'ENOTFOUND' ? 'is not known' : 'could not be resolved for now';
	return new NetworkError(`No connection to ${new URL(url).host}: the host name ${known}`, {
		systemCode,
		retryable: systemCode !== 'ENOTFOUND',
		unprocessed: true,
		cause: error,
	});
}
