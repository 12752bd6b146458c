import type { IExecuteFunctions, ITaskData } from 'n8n-workflow';
import type { Pass } from '../batch/rounds';

/** What n8n knows beyond its public face; each part may be missing. */
interface Hidden {
	readonly additionalData?: { readonly hooks?: { readonly retryOf?: string } };
	readonly runExecutionData?: { readonly resultData?: { readonly runData?: Readonly<Record<string, readonly ITaskData[]>> } };
}

/**
 * Which pass through its items the node is on. A retried execution has a number of its own; the number of the one that it
 * repeats is known to n8n's hooks alone. Where a process died n8n notes a run that never ended, and it is the same pass again.
 */
export function passOf(context: IExecuteFunctions): Pass {
	const { additionalData, runExecutionData } = context as unknown as Hidden;
	const { id, name } = context.getNode();
	const runs = runExecutionData?.resultData?.runData?.[name] ?? [];
	const crashed = runs.filter(({ executionStatus }) => executionStatus === 'crashed').length;
	const { $runIndex } = context.getWorkflowDataProxy(0);
	const runIndex: unknown = $runIndex;
	return {
		place: [context.getInstanceId(), context.getWorkflow().id ?? '', id],
		execution: context.getExecutionId(),
		retryOf: additionalData?.hooks?.retryOf,
		pass: Math.max(0, (typeof runIndex === 'number' ? runIndex : 0) - crashed),
	};
}
