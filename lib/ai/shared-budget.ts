import { hash } from 'node:crypto';
import type { Clock } from '../core/clock';
import type { SharedLists, SharedValues } from '../core/shared';
import { dayOf, requireRoom, shareOf, type Amount, type Budget, type BudgetBook, type Held, type Spending, type Spent } from './budget';

export interface SharedBudgetParts {
	/** What this process has spent. */
	readonly own: BudgetBook;
	/** Never throws; of a store that is out, values are missing. */
	readonly shared: SharedValues & SharedLists;
	readonly clock: Clock;
	/** Names this process, and after a restart another one. */
	readonly process: string;
}

/** One account, today. */
interface Page {
	/** Of the account in the store; a hash. */
	readonly name: string;
	/** What the other processes said last that they have spent. */
	readonly others: Map<string, Spent>;
	readonly turns: Turns;
	/** This process stands on the list of those that spend from the account. */
	listed: boolean;
}

const MAX_PAGES = 10_000;
const MAX_PROCESSES = 1000;
/** Longer than a day, so that no clock is so wrong that it ends too soon. */
const KEPT_MS = 2 * 86_400_000;
const NOTHING: Spent = { usd: 0, tokens: 0 };

/**
 * Budgets over all processes that share a store. Each process writes down what it has spent itself, and reads what the others have: so a total
 * that is written twice, late, or anew after an outage or a loss of the store counts once, and what a process spent outlives it.
 * What a call may cost is written down before the others are read; of two processes that ask for the last of a
 * budget at the same time, at least one sees the other. While the store is out, what was read last still counts.
 */
export class SharedBudgetBook implements Spending {
	readonly #pages = new Map<string, Page>();
	#day = -1;

	constructor(private readonly parts: SharedBudgetParts) {}

	async reserve(budgets: readonly Budget[], estimate: Amount): Promise<Held> {
		const held = this.parts.own.reserve(budgets, estimate);
		const accounts = [...new Set(budgets.map(({ account }) => account))];
		const tell = async () => await Promise.all(accounts.map(async (account) => await this.#exchange(account)));
		const settle = (bill?: Amount) => {
			held.settle(bill);
			// Nobody waits for it: the next call, of whichever process, needs to know.
			void tell();
		};
		await tell();
		try {
			for (const budget of budgets) requireRoom(budget, without(this.#spent(budget.account), estimate), estimate);
		} catch (error) {
			settle();
			throw error;
		}
		return { settle };
	}

	async spent(account: string): Promise<Spent> {
		await this.#exchange(account);
		return this.#spent(account);
	}

	share(budget: Budget): number {
		return shareOf(budget, this.#spent(budget.account));
	}

	/** By all processes, as far as this one knows. */
	#spent(account: string): Spent {
		return [...this.#page(account).others.values()].reduce(add, this.parts.own.spent(account));
	}

	async #exchange(account: string): Promise<void> {
		const page = this.#page(account);
		await page.turns.run(async () => {
			const { shared, own, process } = this.parts;
			if (!page.listed) await this.#enlist(page);
			const known = [...page.others.keys()];
			const [, list] = await Promise.all([
				shared.set(nameOf(page, process), Buffer.from(JSON.stringify(own.spent(account))), KEPT_MS),
				shared.list(page.name),
				this.#read(page, known),
			]);
			const members = new Set(list.map((member) => member.toString('utf8')));
			await this.#read(page, [...members].filter((member) => member !== process && !page.others.has(member)));
			page.listed = members.has(process);
			// The store was out when it was to be noted, or has lost it.
			if (!page.listed) await this.#enlist(page);
		});
	}

	async #enlist(page: Page): Promise<void> {
		await this.parts.shared.append(page.name, Buffer.from(this.parts.process), { ttlMs: KEPT_MS, max: MAX_PROCESSES });
	}

	/** What cannot be read leaves what was read before. */
	async #read({ name, others }: Page, members: readonly string[]): Promise<void> {
		if (members.length === 0) return;
		const found = await this.parts.shared.getMany(members.map((member) => nameOf({ name }, member)));
		for (const [index, member] of members.entries()) {
			const spent = decode(found[index]);
			if (spent) others.set(member, spent);
		}
	}

	#page(account: string): Page {
		const day = dayOf(this.parts.clock);
		if (day !== this.#day) this.#pages.clear();
		this.#day = day;
		const present = this.#pages.get(account);
		if (present) return present;
		const [oldest] = this.#pages.keys();
		if (this.#pages.size >= MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
		const page: Page = { name: `spent ${day} ${hash('sha256', account).slice(0, 32)}`, others: new Map(), turns: new Turns(), listed: false };
		this.#pages.set(account, page);
		return page;
	}
}

/** Runs one at a time. Who comes while it runs has part in the next run, which begins after they came, together with all others. */
class Turns {
	#running: Promise<void> | undefined;
	#next: Promise<void> | undefined;

	async run(work: () => Promise<void>): Promise<void> {
		if (this.#running) {
			const next = async () => {
				this.#next = undefined;
				await this.run(work);
			};
			this.#next ??= this.#running.then(next, next);
			return await this.#next;
		}
		this.#running = work().finally(() => (this.#running = undefined));
		await this.#running;
	}
}

function nameOf({ name }: Pick<Page, 'name'>, process: string): string {
	return `${name} ${process}`;
}

function add(one: Spent, other: Spent): Spent {
	return { usd: one.usd + other.usd, tokens: one.tokens + other.tokens };
}

function without(spent: Spent, amount: Amount): Spent {
	return { usd: spent.usd - (amount.usd ?? 0), tokens: spent.tokens - amount.tokens };
}

/** Undefined for what is missing, and for what is not ours. */
function decode(value: Buffer | undefined): Spent | undefined {
	if (!value) return undefined;
	try {
		const { usd, tokens } = { ...NOTHING, ...(JSON.parse(value.toString('utf8')) as Partial<Spent>) };
		return [usd, tokens].every((amount) => Number.isFinite(amount) && amount >= 0) ? { usd, tokens } : undefined;
	} catch {
		return undefined;
	}
}
