import { InvalidOptionError } from '../../lib/core/errors';

/** 1 is this node's own and behaves as the newest; the others are those of HTTP Request, whose JSON must run unchanged. */
export const VERSIONS = [1, 4, 4.1, 4.2, 4.3, 4.4, 4.5];

export const DEFAULT_VERSION = 4.5;

/** Where the versions of HTTP Request differ. */
export interface Behaviour {
	/** A name that comes again makes a list; before, the last one wins. */
	readonly collects: boolean;
	/** Multipart fields keep their order, and names may come again whatever `collects` says. */
	readonly multipartAsWritten: boolean;
	readonly keepsCredentialsOnRedirect: boolean;
	/** What an error item holds: our words, the error as an object, or that and its details. */
	readonly errorItems: 'text' | 'object' | 'detailed';
}

export function behaviourOf(typeVersion: number): Behaviour {
	if (!VERSIONS.includes(typeVersion)) throw new InvalidOptionError('Version', `one of ${VERSIONS.join(', ')}`, typeVersion);
	const version = typeVersion === 1 ? DEFAULT_VERSION : typeVersion;
	return {
		collects: version >= 4.3,
		multipartAsWritten: version >= 4.2,
		keepsCredentialsOnRedirect: version < 4.4,
		errorItems: typeVersion === 1 ? 'text' : version >= 4.5 ? 'detailed' : 'object',
	};
}
