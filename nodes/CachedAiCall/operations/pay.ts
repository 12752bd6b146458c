import { costUsd, refusalOf, type AiUsage, type Spending } from '../../../lib/ai';
import type { Runtime } from '../../../lib/runtime';
import { payFrom, toLimits, type Limit } from '../../shared/pay';
import type { ProviderAccess } from '../access';
import type { CallParameters } from '../parameters';
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

/** @throws {BudgetExceededError} where a budget has no room, before anything is sent */
export async function pay<T>(
	runtime: Runtime,
	access: ProviderAccess,
	parameters: CallParameters,
	place: Place,
	{ models, estimate, usageOf, send }: Purchase<T>,
): Promise<T> {
	return await payFrom(spendingOf(runtime, place), limitsOf(access, parameters, place), {
		price: (usage, value) => priceCall(access, parameters, models(value), usage),
		nameOf: (value) => models(value)[0],
		estimate,
		usageOf,
		send,
		warn: place.warn,
	});
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
	parameters: Pick<CallParameters, 'spending'>,
	place: Place,
	estimate: { readonly usd: number | null; readonly tokens: number },
): Promise<BudgetState[]> {
	const states = limitsOf(access, parameters, place).map(async (budget) => {
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

function limitsOf({ credentialId, baseUrl }: ProviderAccess, { spending }: Pick<CallParameters, 'spending'>, place: Place): Limit[] {
	return toLimits(spending.budgets, { ...place, credential: [credentialId, baseUrl] });
}
