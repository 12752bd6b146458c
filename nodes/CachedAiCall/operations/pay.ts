import { costUsd, refusalOf, type AiUsage, type Budget, type Spending } from '../../../lib/ai';
import type { Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { CallParameters } from '../parameters';
import type { BudgetSetting } from '../spending';
import type { Place } from './chat';

/** What a call cost by the first of the names that a price is known for; null where none is. */
export function priceCall(
	{ choice, baseUrl }: Pick<ProviderAccess, 'choice' | 'baseUrl'>,
	{ spending }: Pick<CallParameters, 'spending'>,
	models: readonly string[],
	usage: AiUsage | null,
): number | null {
	for (const model of models) {
		const usd = costUsd(choice.wire.name, model, usage, { baseUrl, overrides: spending.prices, batch: spending.batch });
		if (usd !== null) return usd;
	}
	return null;
}

export interface Purchase<T> {
	/** As `priceCall` takes them. */
	readonly models: (value?: T) => readonly string[];
	/** What the call will be counted as at least. */
	readonly estimate: AiUsage;
	readonly usageOf: (value: T) => AiUsage | null;
	readonly send: () => Promise<T>;
}

/**
 * Sends what the budgets have room for, and enters the bill. A bill of which the provider counts nothing is the estimate.
 * @throws {BudgetExceededError} where there is no room, before anything is sent
 */
export async function pay<T>(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: CallParameters,
	place: Place,
	{ models, estimate, usageOf, send }: Purchase<T>,
): Promise<T> {
	const { budgets } = parameters.spending;
	if (budgets.length === 0) return await send();
	const limits = budgets.map((setting) => toBudget(setting, access, place));
	const amount = (usage: AiUsage, value?: T) => ({
		usd: priceCall(access, parameters, models(value), usage),
		tokens: usage.totalTokens,
	});
	const spending = spendingOf(runtime, place);
	const held = await spending.reserve(limits, amount(estimate));
	let value: T;
	try {
		value = await send();
	} catch (error) {
		held.settle();
		throw error;
	}
	const bill = amount(usageOf(value) ?? estimate, value);
	held.settle(bill);
	if (bill.usd === null && budgets.some(({ usd }) => usd !== undefined)) {
		place.warn?.(`The price of ${models(value)[0]} is not known, so it does not count against a budget in dollars. Name it under Model Prices.`);
	}
	for (const [index, { warnAt }] of budgets.entries()) {
		const limit = limits[index];
		if (limit && spending.share(limit) >= warnAt) {
			place.warn?.(`More than ${Math.round(warnAt * 100)} percent of the budget of ${limit.owner} for today are spent.`);
		}
	}
	return value;
}

/** Where a budget of the call stands, and why it would refuse it. Nothing is held or counted. */
export interface BudgetState {
	readonly of: string;
	readonly limitUsd: number | null;
	readonly limitTokens: number | null;
	readonly spentUsd: number;
	readonly spentTokens: number;
	readonly refusal: string | null;
}

export async function budgetStates(
	runtime: Runtime,
	access: ProviderAccess,
	{ spending }: Pick<CallParameters, 'spending'>,
	place: Place,
	estimate: { readonly usd: number | null; readonly tokens: number },
): Promise<BudgetState[]> {
	const states = spending.budgets.map(async (setting) => {
		const budget = toBudget(setting, access, place);
		const spent = await spendingOf(runtime, place).spent(budget.account);
		return {
			of: budget.owner,
			limitUsd: budget.usd ?? null,
			limitTokens: budget.tokens ?? null,
			spentUsd: spent.usd,
			spentTokens: spent.tokens,
			refusal: refusalOf(budget, spent, estimate) ?? null,
		};
	});
	return await Promise.all(states);
}

/** Of this process, or of all that share the store. */
function spendingOf(runtime: Runtime, { shared }: Place): Spending {
	return shared ? runtime.limitsOver(shared).spending : runtime.spending;
}

function toBudget({ scope, usd, tokens }: BudgetSetting, { credentialId, baseUrl }: ProviderAccess, { workflowId, nodeId }: Place): Budget {
	const names = { node: [workflowId, nodeId], workflow: [workflowId], credential: [credentialId, baseUrl] };
	return { account: JSON.stringify([scope, ...names[scope]]), owner: `this ${scope}`, usd, tokens };
}
