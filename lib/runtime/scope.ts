/** Who calls whom. State that must not leak between the two (circuits, limits) is kept per scope. */
export interface Scope {
	/** Id of the credential in use, or 'none'. Never a secret. */
	readonly credential: string;
	/** Scheme, host and port. */
	readonly origin: string;
}

export function scopeKey(scope: Scope): string {
	return JSON.stringify([scope.credential, scope.origin]);
}
