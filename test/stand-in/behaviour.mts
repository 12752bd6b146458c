import type { Mood } from './http.mts';

/** An answer given instead of the real one. Without a body, one in the provider's own error format. */
export interface Failure {
	status: number;
	headers?: Record<string, string>;
	body?: unknown;
}

/**
 * How the server misbehaves. Several behaviours compose: delays add up, and the first one that
 * fails, cuts or hangs decides. All chance is seeded.
 */
export interface Behaviour {
	/** Applies to paths or route names that begin with this; default: all. */
	route?: string;
	/** Applies to the first `times` matching requests only; default: without end. */
	times?: number;
	/** Milliseconds before the first byte. */
	delayMs?: number;
	/** Up to this much is added to `delayMs`, evenly distributed. */
	jitterMs?: number;
	/** Milliseconds between the frames of a streamed answer. */
	chunkDelayMs?: number;
	seed?: number;
	/** The next `count` matching requests fail. */
	failNext?: Failure & { count: number };
	/** This share (0 to 1) of the matching requests fails. */
	failRatio?: Failure & { ratio: number };
	/** No more than `count` requests per window are answered; headers say what is left, as the provider's do. */
	requestLimit?: { count: number; windowMs: number };
	/** The same for the tokens of requests and answers; what an answer takes is known, and counted, before it is given. */
	tokenLimit?: { count: number; windowMs: number };
	/** A 200 whose JSON breaks off in the middle. */
	malformedJson?: boolean;
	/** A well-formed answer without any text. */
	emptyAnswer?: boolean;
	/** An answer cut short, with the finish reason that says so. */
	truncated?: boolean;
	/** A 200 with a JSON string of this many bytes. */
	hugeBytes?: number;
	/** The connection is reset before anything is sent. */
	resetBeforeHeaders?: boolean;
	/** The connection is reset after the head and half of the body. */
	resetAfterHeaders?: boolean;
	/** No answer, ever. */
	hang?: boolean;
	/** No answer before this settles; for tests in the server's own process, as it does not survive JSON. */
	until?: Promise<unknown>;
}

export interface WindowState {
	/** What it is when it is whole. */
	count: number;
	remaining: number;
	resetMs: number;
}

export interface Effects {
	until: Promise<unknown> | undefined;
	delayMs: number;
	chunkDelayMs: number;
	failure: Failure | undefined;
	/** What is left of the window after this request; below 0 it is refused. */
	limit: WindowState | undefined;
	/** Takes that many tokens from the window, unless they are more than it has left: then it is below 0. */
	takeTokens: ((tokens: number) => WindowState) | undefined;
	malformedJson: boolean;
	hugeBytes: number;
	cut: 'before-headers' | 'after-headers' | undefined;
	hang: boolean;
	mood: Mood;
}

/** mulberry32: 32 bits of state, good enough to spread failures and delays. */
export function seededRandom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

interface Rule {
	readonly behaviour: Behaviour;
	readonly random: () => number;
	matched: number;
	failed: number;
	requests: Window;
	tokens: Window;
}

interface Window {
	endsAt: number;
	used: number;
}

function ruleOf(behaviour: Behaviour): Rule {
	return { behaviour, random: seededRandom(behaviour.seed ?? 1), matched: 0, failed: 0, requests: { endsAt: 0, used: 0 }, tokens: { endsAt: 0, used: 0 } };
}

function failureOf(rule: Rule): Failure | undefined {
	const { failNext, failRatio } = rule.behaviour;
	if (failNext !== undefined && rule.failed < failNext.count) {
		rule.failed += 1;
		return failNext;
	}
	return failRatio !== undefined && rule.random() < failRatio.ratio ? failRatio : undefined;
}

/** What is refused is not counted among the tokens; among the requests it is. */
function take(window: Window, { count, windowMs }: { count: number; windowMs: number }, amount: number, countRefused: boolean): WindowState {
	const now = performance.now();
	if (window.endsAt <= now) Object.assign(window, { endsAt: now + windowMs, used: 0 });
	const remaining = count - window.used - amount;
	if (remaining >= 0 || countRefused) window.used += amount;
	return { count, remaining, resetMs: Math.ceil(window.endsAt - now) };
}

function limitOf({ behaviour: { requestLimit }, requests }: Rule): Effects['limit'] {
	return requestLimit && take(requests, requestLimit, 1, true);
}

function tokensOf({ behaviour: { tokenLimit }, tokens }: Rule): Effects['takeTokens'] {
	return tokenLimit && ((amount) => take(tokens, tokenLimit, amount, false));
}

export class Behaviours {
	#rules: Rule[] = [];

	/** Replaces all behaviours; without arguments the server is well again. */
	set(...behaviours: readonly Behaviour[]): void {
		this.#rules = behaviours.map(ruleOf);
	}

	/** What happens to this request; consumes `times` and `failNext`. */
	next(routeName: string, path: string): Effects {
		const effects: Effects = {
			until: undefined,
			delayMs: 0,
			chunkDelayMs: 0,
			failure: undefined,
			limit: undefined,
			takeTokens: undefined,
			malformedJson: false,
			hugeBytes: 0,
			cut: undefined,
			hang: false,
			mood: { emptyAnswer: false, truncated: false },
		};
		for (const rule of this.#rules) {
			const { behaviour } = rule;
			const prefix = behaviour.route ?? '';
			if (!path.startsWith(prefix) && !routeName.startsWith(prefix)) continue;
			if (rule.matched >= (behaviour.times ?? Infinity)) continue;
			rule.matched += 1;
			const jitterMs = behaviour.jitterMs === undefined ? 0 : rule.random() * behaviour.jitterMs;
			effects.until ??= behaviour.until;
			effects.delayMs += (behaviour.delayMs ?? 0) + jitterMs;
			effects.chunkDelayMs += behaviour.chunkDelayMs ?? 0;
			effects.failure ??= failureOf(rule);
			effects.limit ??= limitOf(rule);
			effects.takeTokens ??= tokensOf(rule);
			effects.malformedJson ||= behaviour.malformedJson ?? false;
			effects.hugeBytes = Math.max(effects.hugeBytes, behaviour.hugeBytes ?? 0);
			effects.hang ||= behaviour.hang ?? false;
			if (behaviour.resetBeforeHeaders) effects.cut ??= 'before-headers';
			if (behaviour.resetAfterHeaders) effects.cut ??= 'after-headers';
			effects.mood = {
				emptyAnswer: effects.mood.emptyAnswer || (behaviour.emptyAnswer ?? false),
				truncated: effects.mood.truncated || (behaviour.truncated ?? false),
			};
		}
		return effects;
	}
}
