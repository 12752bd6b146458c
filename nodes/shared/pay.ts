import type { AiUsage, Budget, Spending } from '../../lib/ai';
import type { BudgetSetting } from './spending';

/** A budget, and the share of it (from 0 to 1) that is worth a warning. */
export interface Limit extends Budget {
	readonly warnAt: number;
}

/** Who a budget is counted for. */
export interface Payer {
	readonly workflowId: string;
	readonly nodeId: string;
	/** What tells a credential at its server from all others. */
	readonly credential: readonly string[];
}

export function toLimits(settings: readonly BudgetSetting[], { workflowId, nodeId, credential }: Payer): Limit[] {
	const names = { node: [workflowId, nodeId], workflow: [workflowId], credential };
	return settings.map(({ scope, usd, tokens, warnAt }) => ({
		account: JSON.stringify([scope, ...names[scope]]),
		owner: `this ${scope}`,
		usd,
		tokens,
		warnAt,
	}));
}

export interface Purchase<T> {
	/** What a usage costs; null where the price is not known. */
	readonly price: (usage: AiUsage, value?: T) => number | null;
	readonly nameOf: (value: T) => string | undefined;
	/** What the call will be counted as at least. */
	readonly estimate: AiUsage;
	readonly usageOf: (value: T) => AiUsage | null;
	readonly send: () => Promise<T>;
	readonly warn: ((message: string) => void) | undefined;
}

/**
 * Sends what the budgets have room for, and enters the bill. A bill of which the provider counts nothing is the estimate.
 * @throws {BudgetExceededError} where there is no room, before anything is sent
 */
export async function payFrom<T>(book: Spending, limits: readonly Limit[], purchase: Purchase<T>): Promise<T> {
	const { price, nameOf, estimate, usageOf, send, warn } = purchase;
	if (limits.length === 0) return await send();
	const held = await book.reserve(limits, { usd: price(estimate), tokens: estimate.totalTokens });
	let value: T;
	try {
		value = await send();
	} catch (error) {
		held.settle();
		throw error;
	}
	const usage = usageOf(value) ?? estimate;
	const usd = price(usage, value);
	held.settle({ usd, tokens: usage.totalTokens });
	if (usd === null && limits.some((limit) => limit.usd !== undefined)) {
		warn?.(`The price of ${nameOf(value)} is not known, so it does not count against a budget in dollars. Name it under Model Prices.`);
	}
	for (const limit of limits) {
		if (book.share(limit) >= limit.warnAt) warn?.(`More than ${Math.round(limit.warnAt * 100)} percent of the budget of ${limit.owner} for today are spent.`);
	}
	return value;
}
