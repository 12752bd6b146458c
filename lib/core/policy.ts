import type { CallTrace } from './trace';

/**
 * What travels with one call through the stages. A stage may hand a changed copy inwards
 * (another signal, a nearer deadline, a trace of its own), but never changes the one it was given:
 * only `trace` is written to.
 */
export interface CallContext {
	/** The only currency of cancellation. */
	readonly signal: AbortSignal;
	/** Says afterwards what happened to this call. */
	readonly trace: CallTrace;
	/** Canonical key of the request. Without one the call is neither cached nor coalesced. */
	readonly key?: string | undefined;
	/** The part of the request that may be worded otherwise, and a key of all the rest. Without it none stands in for another. */
	readonly prompt?:
		| {
				readonly scope: string;
				readonly text: string;
				/** The embedding of the text. Without a signal it is not asked for: undefined where it is not there already. */
				readonly vector?: ((signal: AbortSignal | undefined) => Promise<PromptVector | undefined>) | undefined;
		  }
		| undefined;
	/** Tokens that the request is expected to be counted as input, for limits on them. */
	readonly tokens?: number | undefined;
	/** On the scale of `Clock.now()`; no wait may reach beyond it. */
	readonly deadlineAt?: number | undefined;
	/** Whether the origin may see the request twice without harm (RFC 9110 section 9.2.2, or the user's word). */
	readonly idempotent: boolean;
	/** What an HTTP cache has to know of the request. Without it the call passes by. */
	readonly request?: RequestFacts | undefined;
	/** Whether the request changes nothing (RFC 9110 section 9.2.1), so that two may be under way at once. */
	readonly safe?: boolean | undefined;
	/** Is told of what was asked behind a stale answer, for which no caller waits, with a trace of its own. */
	readonly refreshed?: ((outcome: { readonly value: unknown } | { readonly error: unknown }, trace: CallTrace) => void) | undefined;
	/** Where this attempt goes, in place of the origin that the request names. */
	readonly origin?: string | undefined;
}

/** An embedding, and what it took to have it. */
export interface PromptVector {
	readonly values: readonly number[];
	/** Null where the price is unknown. */
	readonly costUsd: number | null;
	/** That the provider counted for it now; 0 where it was there already. */
	readonly tokens: number;
	readonly cached: boolean;
}

/** Of an HTTP request without a body, or with one whose method is unsafe. A stage may add headers on the way in. */
export interface RequestFacts {
	readonly method: string;
	readonly url: string;
	readonly headers: Readonly<Record<string, string | string[]>>;
	/** Plain data that keeps callers apart: answers are shared only where it is the same. Is hashed, never stored. */
	readonly identity?: unknown;
}

export type Call<T> = (context: CallContext) => Promise<T>;

/** One stage of the pipeline. It never knows which stages surround it. */
export interface Policy {
	readonly name: string;
	execute<T>(call: Call<T>, context: CallContext): Promise<T>;
}

/** Composes stages into one; the first is the outermost, as a request travels. */
export function pipeline(...stages: readonly Policy[]): Policy {
	return {
		name: stages.map((stage) => stage.name).join(' → '),
		async execute<T>(call: Call<T>, context: CallContext): Promise<T> {
			let inner = call;
			for (let place = stages.length - 1; place >= 0; place -= 1) inner = around(stages[place], inner);
			return await inner(context);
		},
	};
}

/** Not an async function: each stage's promise is passed on as it is, without another one around it. */
function around<T>(stage: Policy | undefined, inner: Call<T>): Call<T> {
	return stage ? (context) => stage.execute(inner, context) : inner;
}
