import type { INodeProperties } from 'n8n-workflow';
import { requireNumber } from '../../lib/core/validate';

const NAME = 'Total Timeout (Seconds)';
/** Reasoning models and slow exports take many minutes; nothing takes longer for a good reason. */
const DEFAULT_SECONDS = 1200;

/** The member of an options collection that bounds a whole call. */
export const totalTimeoutOption: INodeProperties = {
	displayName: NAME,
	name: 'totalTimeoutSeconds',
	type: 'number',
	default: DEFAULT_SECONDS,
	typeOptions: { minValue: 1 },
	description: 'How long a call may take with all its attempts and waiting',
};

/** Where the user sets no bound for the whole, it is no tighter than `leastMs`. */
export function toTotalTimeoutMs(seconds: unknown, leastMs = 0): number {
	if (seconds === undefined) return Math.round(Math.max(DEFAULT_SECONDS * 1000, leastMs));
	return Math.max(1, Math.round(requireNumber(NAME, seconds, { min: 0.001, max: 31_536_000 }) * 1000));
}
