import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** Closes a run with one line of plain numbers. Files that fail to load and stray errors count as failures. */
export default class TotalsReporter implements Reporter {
	onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
		const totals = { passed: 0, failed: unhandled.length, skipped: 0 };
		for (const module of modules) {
			totals.failed += module.errors().length;
			for (const test of module.children.allTests()) {
				const { state } = test.result();
				if (state === 'passed' || state === 'failed' || state === 'skipped') totals[state] += 1;
			}
			for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
		}
		// After the default reporter's own summary.
		setImmediate(() => console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`));
	}
}
