/**
 * Everything that can go wrong, with what the stages need to know of it. Messages never hold
 * secrets: no header values, no query strings, no bodies of requests.
 */
export type ErrorCode =
	| 'ERR_INVALID_OPTION'
	| 'ERR_CANCELLED'
	| 'ERR_TIMEOUT'
	| 'ERR_NETWORK'
	| 'ERR_HTTP_STATUS'
	| 'ERR_RESPONSE_TOO_LARGE'
	| 'ERR_MALFORMED_ANSWER'
	| 'ERR_ITEM_REFUSED'
	| 'ERR_CIRCUIT_OPEN'
	| 'ERR_LIMIT_EXCEEDED'
	| 'ERR_EGRESS_BLOCKED'
	| 'ERR_TOO_MANY_REDIRECTS'
	| 'ERR_ALL_FAILED'
	| 'ERR_BUDGET_EXCEEDED'
	| 'ERR_BATCH'
	| 'ERR_AUTHENTICATION'
	| 'ERR_ANSWER_NOT_KEPT'
	| 'ERR_SUB_WORKFLOW'
	| 'ERR_RECURSION'
	| 'ERR_TEMPLATE';

export interface FastpathErrorOptions {
	cause?: unknown;
}

/**
 * Marks our errors for every copy of this module in the process: after an update of the package, an
 * error of the old copy may reach code of the new one, for which `instanceof` would fail.
 */
const BRAND = Symbol.for('n8n-nodes-fastpath/error@1');

export abstract class FastpathError extends Error {
	readonly [BRAND] = true;
	abstract readonly code: ErrorCode;
	/** Another attempt may succeed. */
	readonly retryable: boolean = false;
	/** Speaks of a sick origin: counts against its circuit, and a stale answer may stand in. */
	readonly outage: boolean = false;
	/** The origin certainly did not process the request, so even a POST may be repeated. */
	readonly unprocessed: boolean = false;

	constructor(message: string, options: FastpathErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = new.target.name;
	}
}

/** A value that the user gave is not what it must be. */
export class InvalidOptionError extends FastpathError {
	readonly code = 'ERR_INVALID_OPTION';

	constructor(
		readonly option: string,
		readonly expected: string,
		received: unknown,
	) {
		super(`Invalid ${option}: expected ${expected}, got ${describe(received)}`);
	}
}

/** The caller went away: Stop was pressed, or the execution timed out. */
export class CancelledError extends FastpathError {
	readonly code = 'ERR_CANCELLED';

	constructor(options: FastpathErrorOptions = {}) {
		super('The execution was cancelled', options);
	}
}

export type TimeoutPhase = 'connect' | 'headers' | 'body' | 'attempt' | 'total';

const PHASE_TEXT: Record<TimeoutPhase, string> = {
	connect: 'No connection was made',
	headers: 'No response began',
	body: 'The response stalled',
	attempt: 'The attempt did not finish',
	total: 'The call, with all its attempts, did not finish',
};

export class TimeoutError extends FastpathError {
	readonly code = 'ERR_TIMEOUT';
	override readonly retryable: boolean;
	override readonly outage = true;
	override readonly unprocessed: boolean;

	constructor(
		readonly phase: TimeoutPhase,
		readonly timeoutMs: number,
		options: FastpathErrorOptions = {},
	) {
		super(`${PHASE_TEXT[phase]} within ${Math.round(timeoutMs)} ms`, options);
		this.retryable = phase !== 'total';
		this.unprocessed = phase === 'connect';
	}
}

/** No answer came: the name did not resolve, the connection was refused, reset or cut. */
export class NetworkError extends FastpathError {
	readonly code = 'ERR_NETWORK';
	override readonly retryable: boolean;
	override readonly outage = true;
	override readonly unprocessed: boolean;
	/** The system's own code, such as ECONNREFUSED, where there is one. */
	readonly systemCode: string | undefined;

	constructor(
		message: string,
		facts: { systemCode?: string | undefined; retryable?: boolean; unprocessed: boolean; cause?: unknown },
	) {
		super(message, { cause: facts.cause });
		this.systemCode = facts.systemCode;
		this.retryable = facts.retryable ?? true;
		this.unprocessed = facts.unprocessed;
	}
}

export type HeaderMap = Readonly<Record<string, string | string[] | undefined>>;

const RETRYABLE_STATUS = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);

/** The origin answered, but with an error status. */
export class HttpStatusError extends FastpathError {
	readonly code = 'ERR_HTTP_STATUS';
	readonly status: number;
	readonly headers: HeaderMap;
	/** What the origin said, decoded where it was JSON; shown to the user. */
	readonly body: unknown;
	override readonly retryable: boolean;
	override readonly outage: boolean;

	constructor(facts: {
		status: number;
		headers: HeaderMap;
		body: unknown;
		message?: string;
		/** Overrules the status, where the body says more: an exhausted quota is a 429 that no wait heals. */
		retryable?: boolean;
	}) {
		super(facts.message ?? `The server answered with status ${facts.status}`);
		this.status = facts.status;
		this.headers = facts.headers;
		this.body = facts.body;
		this.retryable = facts.retryable ?? RETRYABLE_STATUS.has(facts.status);
		this.outage = facts.status >= 500;
	}
}

export class ResponseTooLargeError extends FastpathError {
	readonly code = 'ERR_RESPONSE_TOO_LARGE';

	constructor(readonly maxBytes: number) {
		super(`The response is larger than the limit of ${maxBytes} bytes`);
	}
}

/** The origin answered with success, but not with what was asked for. */
export class MalformedAnswerError extends FastpathError {
	readonly code = 'ERR_MALFORMED_ANSWER';
}

/** A request with many items succeeded, but its answer says that this item did not. */
export class ItemRefusedError extends FastpathError {
	readonly code = 'ERR_ITEM_REFUSED';
	override readonly retryable = true;

	constructor(
		/** The item's part of the answer; shown to the user. */
		readonly answer: unknown,
		reason: string | undefined,
	) {
		super(`The answer says that this item failed${reason === undefined ? '' : `: ${reason}`}`);
	}
}

export class CircuitOpenError extends FastpathError {
	readonly code = 'ERR_CIRCUIT_OPEN';
	override readonly outage = true;
	override readonly unprocessed = true;

	constructor(
		readonly origin: string,
		/** Until the next probe is let through. */
		readonly retryAfterMs: number,
	) {
		super(
			`The circuit for ${origin} is open after repeated failures; the next attempt is let through in ${Math.ceil(retryAfterMs / 1000)} s`,
		);
	}
}

export class LimitExceededError extends FastpathError {
	readonly code = 'ERR_LIMIT_EXCEEDED';
	override readonly unprocessed = true;
}

export class EgressBlockedError extends FastpathError {
	readonly code = 'ERR_EGRESS_BLOCKED';
}

export class TooManyRedirectsError extends FastpathError {
	readonly code = 'ERR_TOO_MANY_REDIRECTS';

	constructor(readonly maxRedirects: number) {
		super(`The server redirected more than ${maxRedirects} times`);
	}
}

/** One after the other was asked, and none gave what was wanted. */
export class AllFailedError extends FastpathError {
	readonly code = 'ERR_ALL_FAILED';

	constructor(
		/** What was wrong with each, in their order. */
		readonly reasons: readonly string[],
		options: FastpathErrorOptions = {},
	) {
		super(`None of ${reasons.length} gave a good answer. ${reasons.join(' · ')}`, options);
	}
}

/** What may be spent has been spent; nothing was sent. */
export class BudgetExceededError extends FastpathError {
	readonly code = 'ERR_BUDGET_EXCEEDED';
	override readonly unprocessed = true;
}

/** A provider's batch, or a request in it, has come to another end than an answer, or to none yet. */
export class BatchError extends FastpathError {
	readonly code = 'ERR_BATCH';
}

/** An earlier try did it, but what was answered is not there any more; to do it again may do harm. */
export class AnswerNotKeptError extends FastpathError {
	readonly code = 'ERR_ANSWER_NOT_KEPT';

	constructor() {
		super('An earlier try of this batch was answered, but the answer was not kept; the request was not sent again');
	}
}

/** The credential could not be applied: it is not connected, was revoked, or no token was to be had for it. */
export class AuthenticationError extends FastpathError {
	readonly code = 'ERR_AUTHENTICATION';
	override readonly unprocessed = true;
	/** What n8n advises to do. */
	readonly advice: string | undefined;

	constructor(cause: unknown) {
		super(cause instanceof Error ? cause.message : 'The credential could not be applied', { cause });
		const { description } = (cause ?? {}) as { description?: unknown };
		this.advice = typeof description === 'string' ? description : undefined;
	}
}

/** A sub-workflow came to no result. */
export class SubWorkflowError extends FastpathError {
	readonly code = 'ERR_SUB_WORKFLOW';
	/** It failed or was stopped; one that began to wait is not out of order. */
	override readonly outage: boolean;
	/** Of the sub-workflow, where it was begun. */
	readonly executionId: string | undefined;
	readonly workflowId: string | undefined;

	constructor(message: string, facts: { executionId?: string | undefined; workflowId?: string | undefined; outage: boolean; cause?: unknown }) {
		super(message, { cause: facts.cause });
		this.outage = facts.outage;
		this.executionId = facts.executionId;
		this.workflowId = facts.workflowId;
	}
}

/** What is waited for would wait for itself. */
export class RecursionError extends FastpathError {
	readonly code = 'ERR_RECURSION';
	override readonly unprocessed = true;
}

/** A template cannot be read, found or filled: the text says which, where, and why. It is fit to be shown. */
export class TemplateError extends FastpathError {
	readonly code = 'ERR_TEMPLATE';
	override readonly unprocessed = true;
}

interface ErrorByCode {
	ERR_INVALID_OPTION: InvalidOptionError;
	ERR_CANCELLED: CancelledError;
	ERR_TIMEOUT: TimeoutError;
	ERR_NETWORK: NetworkError;
	ERR_HTTP_STATUS: HttpStatusError;
	ERR_RESPONSE_TOO_LARGE: ResponseTooLargeError;
	ERR_MALFORMED_ANSWER: MalformedAnswerError;
	ERR_ITEM_REFUSED: ItemRefusedError;
	ERR_CIRCUIT_OPEN: CircuitOpenError;
	ERR_LIMIT_EXCEEDED: LimitExceededError;
	ERR_EGRESS_BLOCKED: EgressBlockedError;
	ERR_TOO_MANY_REDIRECTS: TooManyRedirectsError;
	ERR_ALL_FAILED: AllFailedError;
	ERR_BUDGET_EXCEEDED: BudgetExceededError;
	ERR_BATCH: BatchError;
	ERR_AUTHENTICATION: AuthenticationError;
	ERR_ANSWER_NOT_KEPT: AnswerNotKeptError;
	ERR_SUB_WORKFLOW: SubWorkflowError;
	ERR_RECURSION: RecursionError;
	ERR_TEMPLATE: TemplateError;
}

/** Whether an error is one of ours, whichever copy of this module made it. */
export function isFastpathError(error: unknown): error is FastpathError {
	return typeof error === 'object' && error !== null && BRAND in error;
}

export function hasCode<C extends ErrorCode>(error: unknown, code: C): error is ErrorByCode[C] {
	return isFastpathError(error) && error.code === code;
}

/** A short, harmless rendering of what came in place of what was expected. */
export function describe(value: unknown): string {
	if (value === null) return 'null';
	if (value === undefined) return 'nothing';
	if (Array.isArray(value)) return `a list of ${value.length}`;
	if (typeof value === 'string') return value === '' ? 'an empty text' : `"${value.slice(0, 60)}"`;
	if (typeof value === 'object') return 'an object';
	if (typeof value === 'function') return 'a function';
	return String(value);
}
