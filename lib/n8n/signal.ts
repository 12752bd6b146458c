import type { IExecuteFunctions } from 'n8n-workflow';

const NEVER = new AbortController().signal;

/** Fires when the user presses Stop, or the execution times out; never where n8n offers no signal. */
export function cancelSignal(context: Partial<Pick<IExecuteFunctions, 'getExecutionCancelSignal'>>): AbortSignal {
	return context.getExecutionCancelSignal?.() ?? NEVER;
}
