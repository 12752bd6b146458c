import type { IExecuteFunctions } from 'n8n-workflow';

/** What the calls of an execution came to. */
export interface ExecutionSums {
	readonly calls: number;
	/** Answered without a request of their own. */
	readonly spared: number;
	readonly savedUsd: number;
}

/** n8n keeps ten keys for an execution, most of which are the user's: one holds all of ours. */
const KEY = 'fastpath';
const FORM = /^(\d+) calls, (\d+) spared, (\d+(?:\.\d+)?) USD saved$/;

/** Adds what a run of a node came to, to what the execution's custom data say of the runs before it. */
export function noteExecution(context: IExecuteFunctions, { calls, spared, savedUsd }: ExecutionSums): void {
	const before = read(context.customData.get(KEY));
	const usd = Number((before.savedUsd + savedUsd).toFixed(6));
	context.customData.set(KEY, `${before.calls + calls} calls, ${before.spared + spared} spared, ${usd} USD saved`);
}

/** What is there may be the user's own: then it is written anew. */
function read(text: unknown): ExecutionSums {
	const [, calls, spared, usd] = FORM.exec(typeof text === 'string' ? text : '') ?? [];
	return { calls: Number(calls ?? 0), spared: Number(spared ?? 0), savedUsd: Number(usd ?? 0) };
}
