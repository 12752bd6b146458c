import type { Background } from '../core/background';
import type { CallContext } from '../core/policy';
import { abortable } from '../core/signal';
import { newTrace } from '../core/trace';

/** A signal that aborts when the process is done with us, or when the bound of a refresh is over. */
export interface DetachedSignal {
	readonly signal: AbortSignal;
	/** When the bound will be over, on the scale of `Clock.now()`. */
	readonly deadlineAt: number;
	release(): void;
}

export interface RefreshParts {
	readonly background: Background;
	readonly detachedSignal: (timeoutMs: number) => DetachedSignal;
}

/** The stale answer has ended the caller's wait; `ask` fetches the new one, once per key, on its own bound and with a trace of its own. */
export function refreshBehind(
	{ background, detachedSignal }: RefreshParts,
	key: string,
	context: CallContext,
	timeoutMs: number,
	ask: (context: CallContext) => Promise<unknown>,
): void {
	background.start(key, async () => {
		const bound = detachedSignal(timeoutMs);
		const { signal, deadlineAt } = bound;
		const trace = { ...newTrace(), cache: 'miss' as const };
		try {
			const value = await abortable(ask({ ...context, signal, deadlineAt, trace }), signal);
			context.refreshed?.({ value }, trace);
		} catch (error) {
			context.refreshed?.({ error }, trace);
			throw error;
		} finally {
			bound.release();
		}
	});
}
