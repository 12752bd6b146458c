import { AllFailedError } from '../core/errors';
import type { AiAnswer } from './answer';
import { failureKind, FAILURE_KINDS, type FailureKind } from './failure';
import { schemaBreach } from './schema';
import { isRecord } from './wire';

/** What makes the next model have a try: a failure, an answer that was cut off, or one that is not good enough. */
export const MOVE_ON = [...FAILURE_KINDS, 'cutOff', 'rejected'] as const;

export type MoveOn = (typeof MOVE_ON)[number];

export interface AcceptRules {
	/** The answer's JSON must keep to it. */
	readonly schema?: unknown;
	/** The answer must hold none of these texts, in whatever case. */
	readonly without: readonly string[];
	/** The member of the answer's JSON that must be true (not empty, not 0), by a path of names with dots; empty for none. */
	readonly trueField: string;
}

export interface Verdict {
	readonly why: MoveOn;
	readonly message: string;
}

/** What is wrong with an answer; undefined where it is good. */
export function judge(answer: AiAnswer, rules: AcceptRules): Verdict | undefined {
	if (answer.finishReason === 'filtered') return { why: 'contentPolicy', message: 'The model refused to answer' };
	if (answer.finishReason === 'length') return { why: 'cutOff', message: 'The answer was cut off by the token limit' };
	if (answer.finishReason === 'tool') return undefined;
	const breach = rules.schema === undefined || answer.json === undefined ? undefined : schemaBreach(answer.json, rules.schema);
	if (breach) return { why: 'invalidAnswer', message: `The answer does not keep to the schema: ${breach}` };
	const said = answer.text.toLowerCase();
	const found = rules.without.find((text) => said.includes(text.toLowerCase()));
	if (found !== undefined) return { why: 'rejected', message: `The answer contains "${found}"` };
	if (rules.trueField === '' || isTrue(answer.json, rules.trueField)) return undefined;
	return { why: 'rejected', message: `The field ${rules.trueField} of the answer is not true` };
}

function isTrue(json: unknown, path: string): boolean {
	const value = path.split('.').reduce<unknown>((from, name) => (isRecord(from) && Object.hasOwn(from, name) ? from[name] : undefined), json);
	return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

export type Attempted<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

/** A model that had its try, and why the next one got one too. */
export interface Tried {
	readonly model: string;
	readonly why: FailureKind | MoveOn;
}

export interface CascadeOptions<A, R extends Attempted<AiAnswer>> {
	readonly moveOn: ReadonlySet<MoveOn>;
	readonly rules: AcceptRules;
	readonly nameOf: (alternative: A) => string;
	readonly ask: (alternative: A) => Promise<R>;
	/** Whether there is time for one more. */
	readonly goOn: () => boolean;
}

/**
 * Asks one model after the other until one gives a good answer. A failure that is not among those to move on for ends it. The
 * last model's answer is taken as it is, because nobody is left to do better; only one that breaks the schema is not.
 */
export async function cascade<A, R extends Attempted<AiAnswer>>(
	alternatives: readonly A[],
	options: CascadeOptions<A, R>,
): Promise<{ readonly result: Attempted<AiAnswer>; readonly attempts: readonly R[]; readonly tried: readonly Tried[] }> {
	const attempts: R[] = [];
	const tried: Tried[] = [];
	const messages: string[] = [];
	for (const [index, alternative] of alternatives.entries()) {
		const result = await options.ask(alternative);
		attempts.push(result);
		const verdict = result.ok ? judge(result.value, options.rules) : verdictOn(result.error);
		const last = index === alternatives.length - 1;
		if (!verdict || !options.moveOn.has(verdict.why) || (last && result.ok && verdict.why !== 'invalidAnswer')) return { result, attempts, tried };
		const model = options.nameOf(alternative);
		messages.push(`${model}: ${verdict.message}`);
		if (last || !options.goOn()) {
			if (alternatives.length === 1) return { result, attempts, tried };
			const error = new AllFailedError(messages, { cause: result.ok ? undefined : result.error });
			return { result: { ok: false, error }, attempts, tried: [...tried, { model, why: verdict.why }] };
		}
		tried.push({ model, why: verdict.why });
	}
	throw new RangeError('A cascade needs at least one model');
}

function verdictOn(error: unknown): Verdict {
	return { why: failureKind(error), message: error instanceof Error ? error.message : String(error) };
}
