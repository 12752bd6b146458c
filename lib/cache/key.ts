import { createHash, hash } from 'node:crypto';
import { ASIDE, canonical } from './canonical';

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

/** The beginning of the text of a key. Most calls have the scope of the one before. */
let beginning = { credential: '', origin: '', partition: '', text: `["${SCHEMA}","","","",` };

function beginningOf({ credential, origin, partition }: KeyScope): string {
	if (beginning.credential !== credential || beginning.origin !== origin || beginning.partition !== partition) {
		beginning = { credential, origin, partition, text: `${canonical([SCHEMA, credential, origin, partition]).slice(0, -1)},` };
	}
	return beginning.text;
}

/**
 * SHA-256 over the canonical form of the whole request and its scope: 64 hexadecimal digits.
 * Throws TypeError on what has no canonical form (functions, symbols, cycles, instances of classes without toJSON).
 */
export function cacheKey(scope: KeyScope, request: unknown): string {
	return digestOf(beginningOf(scope), request);
}

/** SHA-256 over the canonical form of plain data, to tell whether two values are the same. */
export function digest(value: unknown): string {
	return digestOf(`["${SCHEMA}",`, value);
}

/** Of a list that is closed after the value. */
function digestOf(before: string, value: unknown): string {
	const aside: string[] = [];
	const text = `${before}${canonical(value, aside)}]`;
	if (aside.length === 0) return hash('sha256', text);
	const whole = createHash('sha256');
	for (const [index, part] of text.split(ASIDE).entries()) whole.update(part).update(aside[index] ?? '');
	return whole.digest('hex');
}
