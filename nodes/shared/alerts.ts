import type { INodeProperties } from 'n8n-workflow';
import { isWorse, RULES, SEVERITIES, type Rule, type Severity } from '../../lib/insight';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf } from '../../lib/core/validate';

/** What an alert is about, as the panel calls it. */
const RULE_NAMES: Readonly<Record<Rule, string>> = {
	circuit: 'Circuit Open',
	cpu: 'CPU',
	errorBudget: 'Error Budget of an Objective',
	errorRate: 'Error Rate',
	loopDelay: 'Event-Loop Delay',
	memory: 'Memory',
	responseTime: 'Response Time',
	slowCalls: 'Slow Calls of an Objective',
	spending: 'Spending',
	store: 'Shared Store',
};

/** Which alerts are wanted. */
export const alertFilterFields: readonly INodeProperties[] = [
	{
		displayName: 'Severity From',
		name: 'severity',
		type: 'options',
		default: 'low',
		description: 'Alerts that are less severe are left out, until they get worse',
		options: [
			{ name: 'Low', value: 'low' },
			{ name: 'Medium', value: 'medium' },
			{ name: 'High', value: 'high' },
			{ name: 'Critical', value: 'critical' },
		],
	},
	{
		displayName: 'Kinds',
		name: 'kinds',
		type: 'multiOptions',
		default: [],
		description: 'What the alerts are about. Without any, all kinds.',
		options: RULES.map((value) => ({ name: RULE_NAMES[value], value })).sort((a, b) => a.name.localeCompare(b.name)),
	},
];

export interface AlertFilter {
	readonly severity: Severity;
	/** Undefined for all. */
	readonly rules: readonly Rule[] | undefined;
}

export function toAlertFilter(read: (name: string) => unknown): AlertFilter {
	const kinds = read('kinds') ?? [];
	if (!Array.isArray(kinds)) throw new InvalidOptionError('Kinds', 'a list', kinds);
	const rules = kinds.map((kind) => requireOneOf('Kinds', kind, RULES));
	return { severity: requireOneOf('Severity From', read('severity') ?? 'low', SEVERITIES), rules: rules.length > 0 ? rules : undefined };
}

/** By the worst that the alert has been: who was told that it began is told that it is over. */
export function isWanted({ rule, worst }: { readonly rule: Rule; readonly worst: Severity }, { severity, rules }: AlertFilter): boolean {
	return !isWorse(severity, worst) && (rules?.includes(rule) ?? true);
}
