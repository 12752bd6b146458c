import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { Settled } from '../../lib/batch/run';
import type { CallTrace } from '../../lib/core/trace';
import { Histogram } from '../../lib/metrics/histogram';
import { addHint } from '../../lib/n8n/hints';
import { RunSpan } from '../../lib/n8n/span';
import type { Costs } from './costs';

/** What a batch came to. Times are of whole calls, with their retries and waiting. */
export class BatchSummary {
	readonly #times = new Histogram();
	readonly span = new RunSpan();
	#requests = 0;
	#retries = 0;
	#shared = 0;
	#cached = 0;
	#recalled = 0;

	call(trace: CallTrace): void {
		this.span.count(trace);
		if (trace.coalesced) this.#shared += 1;
		if (trace.cache === 'hit' || trace.cache === 'stale') this.#cached += 1;
		this.#requests += trace.attempts;
		this.#retries += Math.max(0, trace.attempts - 1);
		this.#times.record(trace.totalMs ?? 0);
	}

	/** An item that was answered by the request of another. */
	share(): void {
		this.#shared += 1;
	}

	/** An item that an earlier try had done. */
	recall(): void {
		this.#recalled += 1;
	}

	of(results: ReadonlyArray<Settled<unknown>>, durationMs: number, costs?: Costs): IDataObject {
		const count = (status: Settled<unknown>['status']) => results.filter((result) => result.status === status).length;
		const ok = count('ok');
		return {
			items: results.length,
			ok,
			failed: count('failed'),
			cancelled: count('cancelled'),
			requests: this.#requests,
			retries: this.#retries,
			shared: this.#shared,
			cached: this.#cached,
			resumed: this.#recalled,
			...(costs && { cost: Math.round(costs.spent * 1e6) / 1e6 }),
			durationMs: Math.round(durationMs),
			okPerSecond: durationMs > 0 ? Math.round((ok / durationMs) * 10_000) / 10 : 0,
			p50Ms: this.#quantile(0.5),
			p95Ms: this.#quantile(0.95),
			p99Ms: this.#quantile(0.99),
		};
	}

	#quantile(share: number): number {
		return Math.round(this.#times.quantile(share) * 10) / 10;
	}
}

export function showSummary(context: IExecuteFunctions, facts: IDataObject): void {
	const { ok, items, failed, cancelled, requests, retries, shared, cached, resumed, cost, okPerSecond, p50Ms, p95Ms, p99Ms } = facts;
	addHint(
		context,
		`${ok} of ${items} items done, ${failed} failed, ${cancelled} cancelled. ${requests} requests sent, ${retries} of them retries; ` +
			`${shared} spared as identical, ${cached} answered from the cache, ${resumed} from the journal.${cost === undefined ? '' : ` Cost: ${cost}.`} ${okPerSecond} items per second; p50 ${p50Ms} ms, p95 ${p95Ms} ms, p99 ${p99Ms} ms.`,
	);
}
