import { WINDOW_NAMES, type Snapshot } from '../../../lib/core/snapshot';
import { compare as compared } from '../../../lib/insight';
import { InvalidOptionError } from '../../../lib/core/errors';
import { requireOneOf } from '../../../lib/core/validate';
import { requireJsonObject } from '../../shared/json';
import { periodField, toPeriod } from './fields';
import { asJson, type Operation } from './operation';

export const compare: Operation = {
	name: 'Compare',
	action: 'Compare two snapshots',
	description: 'What has changed between two snapshots, and whether that is more than chance',
	fields: [
		{
			displayName: 'Before',
			name: 'before',
			type: 'json',
			typeOptions: { rows: 4 },
			default: '={{ $json }}',
			required: true,
			description: 'A whole snapshot, as Get Metrics gives it',
		},
		{
			displayName: 'Compare With',
			name: 'compareWith',
			type: 'options',
			noDataExpression: true,
			default: 'now',
			options: [
				{ name: 'Another Snapshot', value: 'snapshot' },
				{ name: 'What Is Measured Now', value: 'now' },
			],
		},
		{
			displayName: 'After',
			name: 'after',
			type: 'json',
			typeOptions: { rows: 4 },
			default: '',
			required: true,
			description: 'A whole snapshot, as Get Metrics gives it',
			displayOptions: { show: { compareWith: ['snapshot'] } },
		},
		periodField,
	],
	async perform(read, { oversight }) {
		const period = toPeriod(read);
		const before = toSnapshot('Before', read('before'));
		const isNow = requireOneOf('Compare With', read('compareWith') ?? 'now', ['now', 'snapshot']) === 'now';
		return asJson(compared(before, isNow ? await oversight.snapshot() : toSnapshot('After', read('after')), period));
	},
};

const LISTS = ['processes', 'history'] as const;
const RESOURCES = ['caches', 'pools', 'circuits', 'limiters', 'batches'] as const;

/** As far as it is looked at; a snapshot is our own output, and who changes it has only himself to compare. */
function toSnapshot(name: string, value: unknown): Snapshot {
	const given = requireJsonObject(name, value);
	const [windows, resources] = [recordOf(given.windows), recordOf(given.resources)];
	const isWhole =
		typeof given.at === 'number' &&
		LISTS.every((list) => Array.isArray(given[list])) &&
		RESOURCES.every((list) => Array.isArray(resources[list])) &&
		WINDOW_NAMES.every((window) => isWindow(recordOf(windows[window])));
	if (!isWhole) throw new InvalidOptionError(name, 'a whole snapshot, as Get Metrics gives it with Show: Whole Snapshot', given);
	return given as unknown as Snapshot;
}

function isWindow({ spanMs, series, total, load }: Readonly<Record<string, unknown>>): boolean {
	return typeof spanMs === 'number' && Array.isArray(series) && [...(series as unknown[]), total].every(isSeries) && Object.keys(recordOf(load)).length > 0;
}

function isSeries(value: unknown): boolean {
	const { calls, errors, durationMs, upstreamMs, refreshes } = recordOf(value);
	return typeof calls === 'number' && [errors, durationMs, upstreamMs, refreshes].every((part) => typeof part === 'object' && part !== null);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
