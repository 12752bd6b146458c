import type { INodeProperties } from 'n8n-workflow';
import { DEFAULT_SETTINGS, type InsightSettings } from '../../../lib/insight';
import { requireNumber } from '../../../lib/core/validate';
import { parseJsonField } from '../../shared/json';

/** A setting as the panel shows it, in a unit for people. */
interface Shown {
	readonly displayName: string;
	readonly description: string;
	/** How many of the setting's own unit one of the panel's is; default 1. */
	readonly times?: number;
	/** Default 0. */
	readonly least?: number;
}

type NumberSetting = Exclude<keyof InsightSettings, 'slos' | 'collectGarbage'>;

const NUMBERS: Readonly<Record<NumberSetting, Shown>> = {
	cacheEntries: { displayName: 'Cache Entries', least: 1, description: 'How many answers the memory of a process keeps' },
	cacheMegabytes: { displayName: 'Cache Size (MB)', least: 1, description: 'How much the answers in the memory of a process may take' },
	cooldownMs: { displayName: 'Cooldown (Seconds)', times: 1000, description: 'The same alert is not raised again within this time, and what it was raised for must be over for as long' },
	cpuPercent: { displayName: 'CPU (Percent of a Core)', description: 'Of a process, over a minute' },
	dailyUsd: { displayName: 'Daily Costs (USD)', description: 'What AI calls may cost within 24 hours' },
	errorPercent: { displayName: 'Errors (Percent)', description: 'Of the calls to a server or model' },
	longestTtlSeconds: { displayName: 'Longest Time to Live (Seconds)', description: 'No answer is fresh for longer, whatever a node asks for. Responses kept by the rules of HTTP are left alone.' },
	loopDelayMs: { displayName: 'Event-Loop Delay (Ms)', description: 'The 99th percentile: how long n8n is held up' },
	memoryPercent: { displayName: 'Memory (Percent)', description: 'Of what the heap of a process may grow to' },
	minCalls: { displayName: 'Least Calls', least: 1, description: 'Fewer calls than this say nothing of response times and errors' },
	modelResponseMs: { displayName: 'Response Time of Models (Ms)', description: 'The 95th percentile of what callers of a model wait' },
	shrinkCachesPercent: { displayName: 'Shrink Caches Above (Percent)', description: 'Of what the heap of a process may grow to: above it, its caches make do with half of their memory. 0 for never.' },
	stopCachesPercent: { displayName: 'Stop Caches Above (Percent)', description: 'Of what the heap of a process may grow to: above it, its caches let go of half of what they hold, and take nothing new. 0 for never.' },
	responseMs: { displayName: 'Response Time (Ms)', description: 'The 95th percentile of what callers of a server wait' },
};

const SLOS = 'Objectives';

export const settingFields: INodeProperties[] = [
	...Object.entries(NUMBERS).map(([name, { displayName, description, times = 1, least = 0 }]): INodeProperties => ({
		displayName,
		name,
		type: 'number',
		default: DEFAULT_SETTINGS[name as NumberSetting] / times,
		typeOptions: { minValue: least },
		description,
	})),
	{
		displayName: 'Collect Garbage',
		name: 'collectGarbage',
		type: 'boolean' as const,
		default: DEFAULT_SETTINGS.collectGarbage,
		description: 'Whether a process collects garbage by force when its caches have let go of half. Only where Node.js exposes it (--expose-gc).',
	},
	{
		displayName: SLOS,
		name: 'slos',
		type: 'json' as const,
		typeOptions: { rows: 6 },
		default: '[\n  {\n    "name": "Answers",\n    "model": "gpt-4o-mini",\n    "successPercent": 99.5,\n    "p99Ms": 20000\n  }\n]',
		description: 'A JSON list of service level objectives: which calls (by origin, model, workflowId, node), what share of them is to succeed, and what 99 of a hundred are to stay within',
	},
].sort((a, b) => a.displayName.localeCompare(b.displayName));

/** What the panel gave, in the units of the settings; `readSettings` judges the rest. */
export function toSettings(changes: unknown): Readonly<Record<string, unknown>> {
	const entries = Object.entries((changes ?? {}) as Readonly<Record<string, unknown>>);
	return Object.fromEntries(
		entries.map(([name, value]) => {
			if (name === 'slos') return [name, parseJsonField(SLOS, value)];
			if (name === 'collectGarbage') return [name, value];
			const shown = NUMBERS[name as NumberSetting] as Shown | undefined;
			return [name, shown ? requireNumber(shown.displayName, value) * (shown.times ?? 1) : value];
		}),
	);
}
