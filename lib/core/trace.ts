/** How the cache took part in a call; `revalidated`: the server confirmed the stored answer, and sent no other. */
export type CacheStatus = 'hit' | 'stale' | 'revalidated' | 'miss' | 'similar' | 'bypass';

/** A call's account of itself. Plain data; users see it under `_fastpath` when they ask. */
export interface CallTrace {
	cache: CacheStatus;
	/** Where the answer is kept, if the cache takes part: what clears it alone. */
	key?: string;
	/**
	 * Where answers are kept, where that plays a part: in the memory of this process alone (in queue mode each worker has one), or
	 * in a store that processes share. A shared store that is out leaves the process to itself.
	 */
	store?: 'process' | 'shared';
	/** Whose calls count against the rate limit: those of this process alone, or of all that share a store. Only where there is one. */
	rate?: 'process' | 'shared';
	/** Another caller's request in flight answered this call too. */
	coalesced: boolean;
	/** An earlier try had done this already: nothing was sent, and the answer is the one that was given then. */
	journal?: boolean;
	/** Requests sent upstream for this call; 0 on a hit. */
	attempts: number;
	/** Milliseconds spent waiting: for a slot or a turn under the rate limit, and between attempts. */
	waitedMs: number;
	/** Milliseconds spent upstream, over all attempts. */
	upstreamMs: number;
	/** Whether the last attempt found its connection open; null where nothing was sent or it cannot be known. */
	connectionReused: boolean | null;
	/** Items that shared the request, where it was made for several. */
	gathered?: number;
	/** The origin that answered, or failed last; only where there was a choice. */
	origin?: string;
	/** The origins of all attempts, in order; only where there was a choice. */
	origins?: string[];
	/** A second attempt was sent because the first took long. */
	hedged?: boolean;
	/** Of the last attempt: opening its connection; 0 where it found one open. */
	connectMs?: number;
	/** Resolving the name and the TLS handshake, of the last connection that was opened for this call, unless through a proxy. */
	dnsMs?: number;
	tlsMs?: number;
	/** Of the last attempt: from its start to the headers of the response. */
	firstByteMs?: number;
	/** The execution of a sub-workflow that the result comes from. */
	executionId?: string;
	/** Why the cache took no part, or did not keep the result. */
	notCached?: string;
	/** The whole call. */
	totalMs?: number;
	/** Age of the cached answer, where one was used. */
	ageMs?: number;
	/** Where the time to live adapts: confirmations of the answer in a row, and how long it is fresh for that. */
	adaptive?: { readonly confirmed: number; readonly ttlMs: number };
	/** Where that answer was found; only where there is a store that processes share. */
	cachedIn?: 'memory' | 'shared';
	/** Models that were asked before, and why they did not do. */
	tried?: ReadonlyArray<{ readonly model: string; readonly why: string }>;
	/** What a look for a similar prompt came to, where one was taken. */
	similar?: SimilarTrace;
	/** What the rules for shorter prompts came to, in estimated tokens, where there were any. */
	shortened?: { readonly tokensBefore: number; readonly tokensAfter: number; readonly saved: Readonly<Partial<Record<string, number>>> };
	/** The provider's batch that the answer came with. */
	batch?: string;
	/** What this call cost; null where the price is unknown; absent where money plays no part. */
	costUsd?: number | null;
	/** What this call would have cost, had the answer not been there already. */
	savedUsd?: number | null;
	/** The tokens, and the milliseconds upstream, that this call did not take for that reason. */
	savedTokens?: number;
	savedMs?: number;
}

/** `served` and `wouldServe` (in shadow mode) name the match; `vetoed` names the closest prompt and what spoke against it. */
export interface SimilarTrace {
	mode: 'shadow' | 'on';
	candidates: 'letters' | 'embeddings';
	outcome: 'served' | 'wouldServe' | 'vetoed' | 'none';
	threshold: number;
	maxAgeMs: number;
	/** From 0 to 1. */
	similarity?: number;
	/** The first digits of the key of the answer that was matched. */
	matched?: string;
	/** The prompt that was matched; only where it may be shown. */
	prompt?: string;
	veto?: string;
	/** What the embedding took that the prompt was looked for with. */
	embedding?: { readonly costUsd: number | null; readonly tokens: number; readonly cached: boolean };
}

export function newTrace(): CallTrace {
	return {
		cache: 'bypass',
		coalesced: false,
		attempts: 0,
		waitedMs: 0,
		upstreamMs: 0,
		connectionReused: null,
	};
}
