/** Who calls whom. State that must not leak between the two (circuits, limits) is kept per scope. */
export interface Scope {
	/** Id of the credential in use, or 'none'. Never a secret. */
	readonly credential: string;
	/** Scheme, host and port. */
	readonly origin: string;
}

/** The origin of the scope that a name begins with; see `Runtime`. */
export function originIn(name: string): string {
	const [scope] = JSON.parse(name) as [string];
	const [, origin] = JSON.parse(scope) as [string, string];
	return origin;
}

export function scopeKey(scope: Scope): string {
	return JSON.stringify([scope.credential, scope.origin]);
}
