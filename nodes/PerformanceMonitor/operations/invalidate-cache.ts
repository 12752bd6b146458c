import { InvalidOptionError } from '../../../lib/core/errors';
import { requireText } from '../../../lib/core/validate';
import { clearAnywhereFields, toRules } from '../../shared/clear';
import type { Operation } from './operation';

export const invalidateCache: Operation = {
	name: 'Invalidate Cache',
	action: 'Invalidate the cache',
	description: 'Make stored answers count no longer: one key, a pattern, a tag, what a node or a workflow has stored, or everything',
	fields: [
		...clearAnywhereFields(),
		{
			displayName: 'Dry Run',
			name: 'dryRun',
			type: 'boolean',
			default: false,
			description: 'Whether to only say what would go, and to clear nothing',
		},
	],
	async perform(read, { clearing }) {
		requireText('Clear', read('clear'));
		const rules = toRules(read, toWorkflow(read));
		const dryRun = read('dryRun') ?? false;
		// A text that an expression gave must not be taken for a no.
		if (typeof dryRun !== 'boolean') throw new InvalidOptionError('Dry Run', 'true or false', dryRun);
		return { json: dryRun ? await clearing.foresee(rules) : await clearing.clear(rules) };
	},
};

/** The editor keeps an object that says how the workflow was chosen; an expression gives its id. */
function toWorkflow(read: (name: string) => unknown): string {
	if (read('clear') !== 'workflow' && read('clear') !== 'node') return '';
	const chosen = read('clearWorkflow');
	const id: unknown = typeof chosen === 'object' && chosen !== null && 'value' in chosen ? chosen.value : chosen;
	if (typeof id === 'string' && id.trim() !== '') return id.trim();
	throw new InvalidOptionError('Workflow', 'the ID of a workflow', id);
}
