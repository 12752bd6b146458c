import type { ModelPrice } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireNumber, requireOneOf } from '../../lib/core/validate';
import { requireJsonObject } from './json';

export const BUDGET_SCOPES = ['node', 'workflow', 'credential'] as const;

export interface BudgetSetting {
	readonly scope: (typeof BUDGET_SCOPES)[number];
	readonly usd: number | undefined;
	readonly tokens: number | undefined;
	/** From 0 to 1. */
	readonly warnAt: number;
}

export interface SpendingSettings {
	readonly budgets: readonly BudgetSetting[];
	/** By model, before the table. */
	readonly prices: Readonly<Record<string, ModelPrice>> | undefined;
	/** Whether what is spent goes to a provider batch. */
	readonly batch?: boolean | undefined;
}

type Options = Readonly<Record<string, unknown>>;

export function readSpending(options: Options): SpendingSettings {
	const { budget: entries = [] } = (options.budgets ?? {}) as { budget?: Options[] };
	return {
		budgets: entries.map(readBudget),
		prices: options.prices === undefined ? undefined : readPrices(options.prices),
	};
}

function readBudget(entry: Options): BudgetSetting {
	const usd = requireNumber('Budget per Day: US Dollars', entry.usd ?? 0);
	const tokens = requireInteger('Budget per Day: Tokens', entry.tokens ?? 0);
	if (usd === 0 && tokens === 0) throw new InvalidOptionError('Budget per Day', 'dollars or tokens', 'neither');
	return {
		scope: requireOneOf('Budget per Day: Of', entry.scope ?? 'workflow', BUDGET_SCOPES),
		usd: usd === 0 ? undefined : usd,
		tokens: tokens === 0 ? undefined : tokens,
		warnAt: requireNumber('Budget per Day: Warn at (Percent)', entry.warnPercent ?? 80, { min: 1, max: 100 }) / 100,
	};
}

const PRICE_FIELDS = ['input', 'output', 'cachedInput', 'cacheWrite'] as const;

function readPrices(value: unknown): Record<string, ModelPrice> {
	const entries = Object.entries(requireJsonObject('Model Prices', value)).map(([model, price]) => {
		const fields = requireJsonObject('Model Prices', price);
		const given = PRICE_FIELDS.filter((field) => fields[field] !== undefined || field === 'input' || field === 'output');
		const read = given.map((field) => [field, requireNumber(`Model Prices: ${field} of ${model}`, fields[field])] as const);
		return [model, Object.fromEntries(read) as unknown as ModelPrice] as const;
	});
	return Object.fromEntries(entries);
}
