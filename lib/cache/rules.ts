import { matchesGlob } from './glob';
import type { Marks, WalkableStore } from './store';

/**
 * What is to be cleared. `key`, `tag` and `url` are patterns in which `*` stands for anything. A node is named by its id or by
 * its name in the editor.
 */
export type Rule =
	| { readonly kind: 'all' }
	| { readonly kind: 'workflow'; readonly workflow: string }
	| { readonly kind: 'node'; readonly workflow: string; readonly node: string }
	| { readonly kind: 'tag' | 'url' | 'key'; readonly pattern: string };

/** Whether an answer that is kept under `key` and known by `marks` is what the rule speaks of. */
export function matches(rule: Rule, key: string, marks: Marks | undefined): boolean {
	switch (rule.kind) {
		case 'all':
			return true;
		case 'workflow':
			return marks?.workflow === rule.workflow;
		case 'node':
			return marks?.workflow === rule.workflow && (marks.node === rule.node || marks.nodeName === rule.node);
		case 'tag':
			return marks?.tags?.some((tag) => matchesGlob(rule.pattern, tag)) ?? false;
		case 'url':
			// Of a long address only the beginning is known: what could match is taken to.
			return marks?.url !== undefined && (marks.urlIsCut === true || matchesGlob(rule.pattern, marks.url));
		case 'key':
			return matchesGlob(rule.pattern, key);
	}
}

/** What has no marks only leads to others. */
function isAnswer(rule: Rule, marks: Marks | undefined): boolean {
	return marks !== undefined || rule.kind === 'key';
}

/** Keys of the answers that the rule speaks of. */
export function keysMatching(store: WalkableStore, rule: Rule): string[] {
	return store.keysWhere((key, marks) => isAnswer(rule, marks) && matches(rule, key, marks));
}

/** Deletes what the rule speaks of, and says how many answers that were. */
export function deleteMatching(store: WalkableStore, rule: Rule): number {
	let answers = 0;
	store.deleteWhere((key, marks) => {
		const isMeant = matches(rule, key, marks);
		if (isMeant && isAnswer(rule, marks)) answers += 1;
		return isMeant;
	});
	return answers;
}

/** Equal for rules that say the same. */
function nameOf(rule: Rule): string {
	switch (rule.kind) {
		case 'all':
			return rule.kind;
		case 'workflow':
			return `${rule.kind} ${rule.workflow}`;
		case 'node':
			return `${rule.kind} ${rule.workflow.length} ${rule.workflow} ${rule.node}`;
		default:
			return `${rule.kind} ${rule.pattern}`;
	}
}

/** cleared: gone for all. hidden: the answer of others, whom the rule does not speak of, but this reader wants none from before it. */
export type Verdict = 'kept' | 'hidden' | 'cleared';

export interface Numbered {
	readonly number: number;
	readonly rule: Rule;
}

/**
 * The rules by which answers were cleared, in an order of their own: each has a number, and an answer carries the number of the
 * last rule that was known when its call began. So no clocks need agree, and what was on its way while a rule came is cleared too.
 * Bounded: of too many rules the oldest becomes one that clears all that is older than itself.
 */
export class RuleBook {
	/** By what they say, so that a rule that comes again counts by its latest number. */
	readonly #rules = new Map<string, Numbered>();
	#floor = 0;
	#highest = 0;

	constructor(private readonly maxRules = 500) {}

	/** Number of the latest rule. */
	get highest(): number {
		return this.#highest;
	}

	add(number: number, rule: Rule): void {
		this.#highest = Math.max(this.#highest, number);
		const name = nameOf(rule);
		if ((this.#rules.get(name)?.number ?? -1) >= number) return;
		this.#rules.set(name, { number, rule });
		if (this.#rules.size > this.maxRules) this.#mergeOldest();
	}

	/** Whether that rule of that number, or what came in its place, holds already. */
	knows(number: number, rule: Rule): boolean {
		return number <= this.#floor || (this.#rules.get(nameOf(rule))?.number ?? -1) >= number;
	}

	/** All that is older than this number is cleared: of a rule that is lost it is not known what it spoke of. */
	raise(floor: number): void {
		this.#floor = Math.max(this.#floor, floor);
		this.#highest = Math.max(this.#highest, floor);
	}

	/** In the order of their numbers. */
	entries(): Numbered[] {
		const floor: Numbered[] = this.#floor > 0 ? [{ number: this.#floor, rule: { kind: 'all' } }] : [];
		return [...floor, ...this.#rules.values()].sort((a, b) => a.number - b.number);
	}

	/** Of an answer whose call began when rule `asOf` was the last one known; `asker` is who wants it. */
	judge(key: string, { asOf = 0, marks }: { readonly asOf?: number | undefined; readonly marks?: Marks | undefined }, asker?: Marks): Verdict {
		if (asOf >= this.#highest) return 'kept';
		if (asOf < this.#floor) return 'cleared';
		let verdict: Verdict = 'kept';
		for (const { number, rule } of this.#rules.values()) {
			if (number <= asOf) continue;
			if (matches(rule, key, marks)) return 'cleared';
			if (matches(rule, key, asker)) verdict = 'hidden';
		}
		return verdict;
	}

	#mergeOldest(): void {
		const [oldest] = [...this.#rules].sort(([, a], [, b]) => a.number - b.number);
		if (!oldest) return;
		this.#rules.delete(oldest[0]);
		this.raise(oldest[1].number);
	}
}
