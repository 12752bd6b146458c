import type { IExecuteFunctions } from 'n8n-workflow';
import type { CallTrace } from '../core/trace';
import { getRuntime } from '../runtime';
import { noteExecution } from './custom-data';

/** What the calls of a run came to: for the node's span where n8n sends its traces to OpenTelemetry, and for the execution's custom data. */
export class RunSpan {
	#calls = 0;
	#cached = 0;
	#coalesced = 0;
	#requests = 0;
	#retries = 0;
	#reused = 0;
	#waitedMs = 0;
	#upstreamMs = 0;
	#costUsd = 0;
	#savedUsd = 0;

	count(trace: CallTrace): void {
		this.#calls += 1;
		this.#waitedMs += trace.waitedMs;
		this.#savedUsd += trace.savedUsd ?? 0;
		if (trace.coalesced) {
			// What the shared request took is counted with the call that sent it.
			this.#coalesced += 1;
			return;
		}
		if (['hit', 'stale', 'similar'].includes(trace.cache)) this.#cached += 1;
		this.#requests += trace.attempts;
		this.#retries += Math.max(0, trace.attempts - 1);
		if (trace.connectionReused === true) this.#reused += 1;
		this.#upstreamMs += trace.upstreamMs;
		this.#costUsd += trace.costUsd ?? 0;
	}

	/** Numbers alone: a span may be seen by more people than the execution. */
	tell(context: IExecuteFunctions, notes = getRuntime().notesExecutions): void {
		if (this.#calls === 0) return;
		if (notes) noteExecution(context, { calls: this.#calls, spared: this.#cached + this.#coalesced, savedUsd: this.#savedUsd });
		if (typeof context.setMetadata !== 'function') return;
		context.setMetadata({
			tracing: {
				'fastpath.calls': this.#calls,
				'fastpath.cached': this.#cached,
				'fastpath.coalesced': this.#coalesced,
				'fastpath.requests': this.#requests,
				'fastpath.retries': this.#retries,
				'fastpath.reused_connections': this.#reused,
				'fastpath.waited_ms': Math.round(this.#waitedMs),
				'fastpath.upstream_ms': Math.round(this.#upstreamMs),
				...(this.#costUsd > 0 ? { 'fastpath.cost_usd': this.#costUsd } : {}),
				...(this.#savedUsd > 0 ? { 'fastpath.saved_usd': this.#savedUsd } : {}),
			},
		});
	}
}
