import type { IExecuteFunctions, ITriggerFunctions } from 'n8n-workflow';

/** Shows a line in the output pane after the run, where this n8n can; a trigger has no such pane. */
export function addHint(context: Pick<IExecuteFunctions, 'addExecutionHints'> | Pick<ITriggerFunctions, 'emit'>, message: string, type: 'info' | 'warning' = 'info'): void {
	if ('addExecutionHints' in context) context.addExecutionHints?.({ message, type, location: 'outputPane' });
}

/**
 * Warns where n8n's own Retry On Fail is switched on: it would run all items again, on top of the
 * retries that each item has had already.
 */
export function warnOfStackedRetries(context: IExecuteFunctions, advice = 'better switch it off'): void {
	if (context.getNode().retryOnFail === true) {
		addHint(
			context,
			`Retry On Fail is switched on in the settings of this node. It repeats all items, on top of the retries made per item here; ${advice}.`,
			'warning',
		);
	}
}
