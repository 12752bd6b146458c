import { hasCode, isFastpathError, MalformedAnswerError } from '../core/errors';
import { TOO_LONG } from './advice';
import { commonDetails } from './provider-error';

/** Why a model did not answer, as far as another model may do better. */
export const FAILURE_KINDS = ['rateLimit', 'outage', 'contextLength', 'contentPolicy', 'invalidAnswer', 'other'] as const;

export type FailureKind = (typeof FAILURE_KINDS)[number];

/** The provider gave no word of an answer, for what it would have said. */
export class BlockedAnswerError extends MalformedAnswerError {}

const BLOCKED = /content[ _-]?(policy|filter)|safety system|blocked by/i;

export function failureKind(error: unknown): FailureKind {
	if (!isFastpathError(error)) return 'other';
	if (hasCode(error, 'ERR_HTTP_STATUS')) return kindOfStatus(error.status, error.body, error.outage);
	if (error.code === 'ERR_MALFORMED_ANSWER') return error instanceof BlockedAnswerError ? 'contentPolicy' : 'invalidAnswer';
	if (error.code === 'ERR_LIMIT_EXCEEDED') return 'rateLimit';
	return error.outage ? 'outage' : 'other';
}

function kindOfStatus(status: number, body: unknown, outage: boolean): FailureKind {
	if (status === 429) return 'rateLimit';
	if (outage) return 'outage';
	const { message, code } = commonDetails(Array.isArray(body) ? (body as unknown[])[0] : body);
	if (status === 413 || TOO_LONG.test(`${code} ${message}`)) return 'contextLength';
	return BLOCKED.test(`${code} ${message}`) ? 'contentPolicy' : 'other';
}
