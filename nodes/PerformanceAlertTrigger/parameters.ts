import type { ITriggerFunctions } from 'n8n-workflow';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireNumber, requireOneOf } from '../../lib/core/validate';
import type { AlertEventKind } from '../../lib/insight';
import { toAlertFilter, type AlertFilter } from '../shared/alerts';

const KINDS = ['raised', 'escalated', 'resolved'] as const satisfies readonly AlertEventKind[];

export interface TriggerSettings extends AlertFilter {
	readonly events: readonly AlertEventKind[];
	readonly everyMs: number;
	/** Undefined where each event starts the workflow at once. */
	readonly digestMs: number | undefined;
}

/** Throws InvalidOptionError that names the parameter. */
export function readSettings(context: ITriggerFunctions): TriggerSettings {
	const read = (name: string): unknown => context.getNodeParameter(name, null) ?? undefined;
	const options = (read('options') ?? {}) as Readonly<Record<string, unknown>>;
	const events = read('events');
	if (!Array.isArray(events) || events.length === 0) throw new InvalidOptionError('Events', 'at least one', events);
	const minutes = requireNumber('Digest Every (Minutes)', options.digestMinutes ?? 0, { max: 1440 });
	return {
		...toAlertFilter(read),
		events: events.map((event) => requireOneOf('Events', event, KINDS)),
		everyMs: Math.round(requireNumber('Check Every (Seconds)', options.everySeconds ?? 15, { min: 5, max: 3600 }) * 1000),
		digestMs: minutes === 0 ? undefined : Math.round(minutes * 60_000),
	};
}

export function readStore(context: ITriggerFunctions): unknown {
	return context.getNodeParameter('store', null) ?? undefined;
}
