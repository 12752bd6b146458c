import type { Rules } from './clearable-store';
import { RuleBook, type Rule } from './rules';

/** The rules of what only this process keeps. */
export class OwnRules implements Rules {
	readonly book = new RuleBook();

	get generation(): number {
		return this.book.highest;
	}

	current(): undefined {
		return undefined;
	}

	issue(rule: Rule): void {
		this.book.add(this.book.highest + 1, rule);
	}
}
