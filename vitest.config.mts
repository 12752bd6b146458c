import { createRequire } from 'node:module';
import { defineConfig } from 'vitest/config';

const require = createRequire(import.meta.url);

// n8n-workflow ships an ES and a CommonJS build; n8n-core uses the latter, and error classes of two copies differ.
const resolve = { alias: { 'n8n-workflow': require.resolve('n8n-workflow') } };

function project(name: string, extra: Record<string, unknown> = {}) {
	return { resolve, test: { name, include: [`test/${name}/**/*.test.mts`], ...extra } };
}

export default defineConfig({
	test: {
		reporters: ['default', './test/toolchain/totals-reporter.mts'],
		projects: [
			// A machine that does many things at once is slow, not broken.
			project('unit', { testTimeout: 60_000, globalSetup: ['test/toolchain/promtool-setup.mts'] }),
			project('contract', { testTimeout: 60_000 }),
			project('integration', { testTimeout: 20_000 }),
			project('chaos', { testTimeout: 30_000 }),
			project('engine', { testTimeout: 30_000, hookTimeout: 30_000 }),
			project('e2e', {
				globalSetup: ['test/toolchain/promtool-setup.mts', 'test/toolchain/e2e-setup.mts'],
				// One real n8n at a time: the files of this project run one after the other.
				fileParallelism: false,
				testTimeout: 180_000,
				hookTimeout: 300_000,
			}),
		],
	},
});
