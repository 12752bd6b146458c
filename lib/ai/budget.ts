import type { Clock } from '../core/clock';
import { BudgetExceededError } from '../core/errors';
import { requireInteger } from '../core/validate';

/** What may be spent in one account per day (UTC). At least one of the two. */
export interface Budget {
	/** Who pays: a name that is the same for all calls that share the budget. */
	readonly account: string;
	/** How the account is called in messages: `this workflow`. */
	readonly owner: string;
	readonly usd?: number | undefined;
	readonly tokens?: number | undefined;
}

export interface Amount {
	/** Null where the price is not known: then only tokens count. */
	readonly usd: number | null;
	readonly tokens: number;
}

interface Account {
	usd: number;
	tokens: number;
}

const DAY_MS = 86_400_000;

/**
 * What was spent today (UTC, as providers' own bills and limits go), by account, in this process. Whoever asks for leave holds an
 * estimate of what the call will cost until its bill comes, so that calls under way count too; only the length of their answers can
 * carry an account beyond its budget.
 */
export class BudgetBook {
	readonly #accounts = new Map<string, Account>();
	readonly #maxAccounts: number;
	#day = -1;

	constructor(
		private readonly clock: Clock,
		{ maxAccounts = 10_000 }: { maxAccounts?: number } = {},
	) {
		this.#maxAccounts = requireInteger('maxAccounts', maxAccounts, { min: 1 });
	}

	get size(): number {
		return this.#accounts.size;
	}

	spent(account: string): Readonly<Account> {
		this.#turnPage();
		return this.#accounts.get(account) ?? { usd: 0, tokens: 0 };
	}

	/** The larger of the shares of its dollars and of its tokens that a budget has spent; above 1 where it is exceeded. */
	share({ account, usd, tokens }: Budget): number {
		const spent = this.spent(account);
		return Math.max(shareOf(spent.usd, usd), shareOf(spent.tokens, tokens));
	}

	/**
	 * Leave to spend; `settle` with what it came to, or with nothing where it came to nothing.
	 * @throws {BudgetExceededError} if one of the budgets is spent, or the estimate does not fit into what is left
	 */
	reserve(budgets: readonly Budget[], estimate: Amount): { settle(bill?: Amount): void } {
		for (const budget of budgets) {
			const refusal = this.refusal(budget, estimate);
			if (refusal !== undefined) throw new BudgetExceededError(refusal);
		}
		const day = this.#day;
		const accounts = new Set(budgets.map(({ account }) => account));
		for (const account of accounts) this.#add(account, estimate.usd ?? 0, estimate.tokens);
		let open = true;
		return {
			settle: (bill = { usd: 0, tokens: 0 }) => {
				if (!open) return;
				open = false;
				this.#turnPage();
				// What was held yesterday is gone with yesterday's page; the bill is today's.
				const held = day === this.#day ? estimate : { usd: 0, tokens: 0 };
				for (const account of accounts) this.#add(account, (bill.usd ?? 0) - (held.usd ?? 0), bill.tokens - held.tokens);
			},
		};
	}

	/** Why there is no room for a call with that estimate; undefined where there is. */
	refusal(budget: Budget, estimate: Amount): string | undefined {
		const { usd, tokens } = this.spent(budget.account);
		const tooMuch =
			over(usd, estimate.usd ?? 0, budget.usd) ? `$${budget.usd} (spent or under way: $${usd.toPrecision(3)})`
			: over(tokens, estimate.tokens, budget.tokens) ? `${budget.tokens} tokens (spent or under way: ${Math.round(tokens)})`
			: undefined;
		if (tooMuch === undefined) return undefined;
		return `The budget of ${budget.owner} for today is ${tooMuch}, which leaves no room for this call; it begins anew at midnight UTC`;
	}

	#add(name: string, usd: number, tokens: number): void {
		const account = this.#accounts.get(name) ?? this.#open(name);
		// Sums of many small floats must not end below nothing.
		account.usd = Math.max(0, account.usd + usd);
		account.tokens = Math.max(0, account.tokens + tokens);
	}

	#open(name: string): Account {
		if (this.#accounts.size >= this.#maxAccounts) this.#forgetSmallest();
		const account = { usd: 0, tokens: 0 };
		this.#accounts.set(name, account);
		return account;
	}

	/** The account whose loss lets through the least. */
	#forgetSmallest(): void {
		let smallest: [string, Account] | undefined;
		for (const entry of this.#accounts) if (entry[1].tokens < (smallest?.[1].tokens ?? Infinity)) smallest = entry;
		if (smallest) this.#accounts.delete(smallest[0]);
	}

	#turnPage(): void {
		const day = Math.floor(this.clock.wallNow() / DAY_MS);
		if (day === this.#day) return;
		this.#day = day;
		this.#accounts.clear();
	}
}

function over(spent: number, more: number, limit: number | undefined): boolean {
	return limit !== undefined && (spent >= limit || spent + more > limit);
}

function shareOf(spent: number, limit: number | undefined): number {
	return limit === undefined ? 0 : limit === 0 ? Infinity : spent / limit;
}
