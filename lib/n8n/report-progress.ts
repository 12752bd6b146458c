import type { IExecuteFunctions } from 'n8n-workflow';
import type { BatchProgress, Progress } from '../batch/progress';
import type { Clock } from '../core/clock';

const EDITOR_EVERY_MS = 1000;
const LOG_EVERY_MS = 30_000;

/**
 * Tells now and then how far a batch is: the browser's console in manual runs, where n8n shows what nodes say, and the log in
 * others. A batch that is done before it is time says nothing. Returns what ends it.
 */
export function reportProgress(context: IExecuteFunctions, clock: Clock, progress: BatchProgress): () => void {
	const manual = context.getMode() === 'manual';
	const { node, workflowId, executionId } = progress.facts;
	const tell = () => {
		const snapshot = progress.snapshot();
		if (manual) context.sendMessageToUI(`${node}: ${inWords(snapshot)}`);
		else context.logger.info(`${node}: ${inWords(snapshot)}`, { workflowId, executionId });
	};
	let cancel = () => {};
	const next = () => {
		cancel = clock.after(manual ? EDITOR_EVERY_MS : LOG_EVERY_MS, () => {
			tell();
			next();
		});
	};
	next();
	return () => cancel();
}

function inWords({ items, ok, failed, resumed, perSecond, leftMs }: Progress): string {
	const counts = [`${ok + failed} of ${items} items done`, `${failed} failed`, ...(resumed > 0 ? [`${resumed} from the journal`] : [])];
	const left = leftMs === null ? '' : `, about ${duration(leftMs)} left`;
	return `${counts.join(', ')}; ${perSecond} items per second${left}`;
}

function duration(ms: number): string {
	const seconds = Math.ceil(ms / 1000);
	if (seconds < 120) return `${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`;
}
