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

/** What an account has spent, calls under way included. */
export interface Spent {
	readonly usd: number;
	readonly tokens: number;
}

/** Leave to spend; `settle` with what it came to, or with nothing where it came to nothing. */
export interface Held {
	settle(bill?: Amount): void;
}

/** Where spending is entered. */
export interface Spending {
	/** @throws {BudgetExceededError} if one of the budgets is spent, or the estimate does not fit into what is left */
	reserve(budgets: readonly Budget[], estimate: Amount): Held | Promise<Held>;
	spent(account: string): Spent | Promise<Spent>;
	/** The larger of the shares of its dollars and of its tokens that a budget has spent; above 1 where it is exceeded. */
	share(budget: Budget): number;
}

/** The page of a day, for a book that takes this one's place. */
export interface SpentToday {
	/** Since the epoch, by UTC. */
	readonly day: number;
	readonly accounts: ReadonlyArray<readonly [name: string, spent: Spent]>;
}

type Account = { -readonly [K in keyof Spent]: Spent[K] };

const DAY_MS = 86_400_000;

/**
 * What was spent today (UTC, as providers' own bills and limits go), by account, in this process. Whoever asks for leave holds an
 * estimate of what the call will cost until its bill comes, so that calls under way count too; only the length of their answers can
 * carry an account beyond its budget.
 */
export class BudgetBook implements Spending {
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

	spent(account: string): Spent {
		this.#turnPage();
		return this.#accounts.get(account) ?? { usd: 0, tokens: 0 };
	}

	share(budget: Budget): number {
		return shareOf(budget, this.spent(budget.account));
	}

	reserve(budgets: readonly Budget[], estimate: Amount): Held {
		for (const budget of budgets) requireRoom(budget, this.spent(budget.account), estimate);
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

	/** Calls under way are in it by their estimates, which nobody corrects any more. */
	today(): SpentToday {
		this.#turnPage();
		return { day: this.#day, accounts: [...this.#accounts].map(([name, spent]) => [name, { ...spent }]) };
	}

	/** A page of another day says nothing of this one. */
	goOnFrom({ day, accounts }: SpentToday): void {
		this.#turnPage();
		if (day !== this.#day) return;
		for (const [name, { usd, tokens }] of accounts) this.#add(name, usd, tokens);
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
		const day = dayOf(this.clock);
		if (day === this.#day) return;
		this.#day = day;
		this.#accounts.clear();
	}
}

/** Why `estimate` does not fit beside what is spent; undefined where it does. */
export function refusalOf(budget: Budget, { usd, tokens }: Spent, estimate: Amount): string | undefined {
	const tooMuch =
		over(usd, estimate.usd ?? 0, budget.usd) ? `$${budget.usd} (spent or under way: $${usd.toPrecision(3)})`
		: over(tokens, estimate.tokens, budget.tokens) ? `${budget.tokens} tokens (spent or under way: ${Math.round(tokens)})`
		: undefined;
	if (tooMuch === undefined) return undefined;
	return `The budget of ${budget.owner} for today is ${tooMuch}, which leaves no room for this call; it begins anew at midnight UTC`;
}

/** @throws {BudgetExceededError} where `estimate` does not fit beside what is spent */
export function requireRoom(budget: Budget, spent: Spent, estimate: Amount): void {
	const refusal = refusalOf(budget, spent, estimate);
	if (refusal !== undefined) throw new BudgetExceededError(refusal);
}

export function shareOf({ usd, tokens }: Budget, spent: Spent): number {
	return Math.max(partOf(spent.usd, usd), partOf(spent.tokens, tokens));
}

/** Of the wall clock's day, by UTC. */
export function dayOf(clock: Clock): number {
	return Math.floor(clock.wallNow() / DAY_MS);
}

function over(spent: number, more: number, limit: number | undefined): boolean {
	return limit !== undefined && (spent >= limit || spent + more > limit);
}

function partOf(spent: number, limit: number | undefined): number {
	return limit === undefined ? 0 : limit === 0 ? Infinity : spent / limit;
}
