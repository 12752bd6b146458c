import type { LookupFunction } from 'node:net';

/**
 * Decides where requests may go. Asked for the first address and for the target of every redirect,
 * before a byte is sent.
 */
export interface Egress {
	/** Whether connections made under it differ from others (guarded name resolution): part of the pool's identity. */
	readonly active: boolean;
	/** Throws EgressBlockedError. Must judge IP literals too: they are never looked up. */
	validateUrl(url: string): Promise<void>;
	/** Throws EgressBlockedError. Asked at each connect, for the host of the target or of the proxy. */
	validateHost?(host: string): void;
	/**
	 * Resolves names at connect time, so that a name cannot change its meaning after `validateUrl`.
	 * Kept for as long as the pool lives. What it refuses, it refuses with an EgressBlockedError.
	 */
	readonly lookup?: LookupFunction | undefined;
}

/** Allows everything. */
export const openEgress: Egress = {
	active: false,
	validateUrl: async () => {},
};
