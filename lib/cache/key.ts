import { hash } from 'node:crypto';
import { canonical } from './canonical';

/** Raised when the canonical form or the stored shape changes, so that old entries are never read as new ones. */
const SCHEMA = 'fastpath/1';

/**
 * What no key ever crosses. Two calls share an answer only if all of it is the same.
 * None of the parts may be a secret: a credential is named by its id, never by its content.
 */
export interface KeyScope {
	/** Identity of the credential in use, or 'none'. */
	readonly credential: string;
	/** Scheme, host and port that the request goes to. */
	readonly origin: string;
	/** What the user chose: a node, a workflow, the instance, or a text of their own. */
	readonly partition: string;
}

/**
 * SHA-256 over the canonical form of the whole request and its scope: 64 hexadecimal digits.
 * Throws TypeError on what has no canonical form (functions, symbols, cycles, instances of classes without toJSON).
 */
export function cacheKey(scope: KeyScope, request: unknown): string {
	return hash('sha256', canonical([SCHEMA, scope.credential, scope.origin, scope.partition, request]));
}

/** SHA-256 over the canonical form of plain data, to tell whether two values are the same. */
export function digest(value: unknown): string {
	return hash('sha256', canonical([SCHEMA, value]));
}
