import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ESLint } from 'eslint';
import * as workflowApi from 'n8n-workflow';
import { describe, expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const eslint = new ESLint({ cwd: root });

/** The rules that fire when `code` stands in `file`. Nothing is written to disk. */
async function rulesBroken(file: string, code: string): Promise<string[]> {
	const [result] = await eslint.lintText(code, { filePath: path.join(root, file) });
	// The resolver cannot find the made-up files of these samples; that is not what is asked here.
	const rules = (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
	return [...new Set(rules)].filter((rule) => rule !== 'import-x/no-unresolved');
}

const use = 'export const used = x;';

describe('a layer may not reach past its neighbours', () => {
	test.each([
		['lib/core/sample.ts', `import { x } from '../cache/key'; ${use}`, 'core to a feature'],
		['lib/core/sample.ts', `import { x } from 'n8n-workflow'; ${use}`, 'core to n8n'],
		['lib/core/sample.ts', `import { x } from 'node:fs'; ${use}`, 'core to a builtin it has no use for'],
		['lib/retry/sample.ts', `import { x } from '../breaker/circuit'; ${use}`, 'a feature to its sibling'],
		['lib/retry/sample.ts', `import type { x } from '../breaker'; export type Used = x;`, 'a feature to a type of its sibling'],
		['lib/retry/sample.ts', `export { x } from '../../lib/breaker/circuit';`, 'a feature to its sibling by a detour'],
		['lib/retry/sample.ts', `export const used = import('../breaker/circuit');`, 'a feature to its sibling at run time'],
		['lib/retry/sample.ts', `import { x } from '../runtime/compose'; ${use}`, 'a feature to the runtime'],
		['lib/cache/sample.ts', `import { LRUCache as x } from 'lru-cache'; ${use}`, 'a feature to a third-party package'],
		['lib/runtime/sample.ts', `import { x } from 'n8n-workflow'; ${use}`, 'the runtime to n8n'],
		['lib/vendor.ts', `export { x } from 'luxon';`, 'the vendor file to a package that is not bundled'],
		['lib/cli/sample.ts', `import { x } from '../core/clock'; ${use}`, 'the program to the library'],
		['lib/somewhere/sample.ts', `export const x = 1;`, 'a folder without a layer'],
		['lib/n8n/sample.ts', `import { x } from '../cache/key'; ${use}`, 'the adapter to code of another feature than batch'],
		['nodes/Sample/Sample.node.ts', `import { x } from '../../lib/http/pool'; ${use}`, 'a node class to a feature'],
		['nodes/Sample/Sample.node.ts', `import { x } from '../../lib/runtime/scope'; ${use}`, 'a node class to the runtime'],
		['nodes/Sample/description.ts', `import { x } from '../../lib/ai/prices'; ${use}`, 'a description to code of a feature'],
		['nodes/Sample/description/fields.ts', `import { x } from '../../../lib/n8n/items'; ${use}`, 'a description to the adapter'],
		['nodes/Sample/operations/run.ts', `import { x } from 'n8n-workflow'; ${use}`, 'an operation to code of n8n'],
		['nodes/Sample/operations/run.ts', `import { x } from '../../../lib/n8n/items'; ${use}`, 'an operation to code of the adapter'],
		['nodes/shared/sample.ts', `import { x } from './http/access'; ${use}`, 'shared fields to the machinery of HTTP nodes'],
		['nodes/shared/http/sample.ts', `import { x } from '../../Sample/execute'; ${use}`, 'the machinery of HTTP nodes to a node'],
		['nodes/Sample/sample.ts', `import { x } from 'node:fs'; ${use}`, 'a node to a builtin'],
		['nodes/shared/sample.ts', `import { x } from 'n8n-workflow'; ${use}`, 'shared fields to code of n8n'],
		['nodes/Sample/Sample.ts', `import { x } from '../Other/fields'; ${use}`, 'a node to another node'],
		['nodes/Sample/Sample.ts', `import { x } from '../../test/helpers/engine'; ${use}`, 'a node to the tests'],
		['lib/cache/sample.ts', `import { x } from '../../bench/load'; ${use}`, 'a feature to the benchmarks'],
	])('%s: %s (%s)', async (file, code) => {
		expect(await rulesBroken(file, code)).toEqual(['layers/imports']);
	});

	test.each([
		['lib/core/sample.ts', `import { createHash as x } from 'node:crypto'; ${use}`],
		['lib/http/sample.ts', `import { Agent as x } from '../vendor'; ${use}`],
		['lib/http/sample.ts', `import { x } from '../core/clock'; ${use}`],
		['lib/runtime/sample.ts', `import { x } from '../cache'; ${use}`],
		['lib/n8n/sample.ts', `import type { x } from '../http/pool'; export type Used = x;`],
		['nodes/Sample/Sample.ts', `import { x } from '../shared/fields'; ${use}`],
		['lib/n8n/sample.ts', `import { x } from '../batch/run'; ${use}`],
		['nodes/Sample/description.ts', `import type { x } from '../../lib/ai/usage'; export type Used = x;`],
		['nodes/Sample/operations/run.ts', `import { x } from '../../../lib/http/pool'; ${use}`],
		['nodes/Sample/operations/run.ts', `import type { x } from 'n8n-workflow'; export type Used = x;`],
	])('%s: %s is allowed', async (file, code) => {
		expect(await rulesBroken(file, code)).toEqual([]);
	});
});

describe('what is kept to one place', () => {
	const read = 'export const read = (context: { getNodeParameter(name: string): string }) => context.getNodeParameter("url");';

	test('parameters are read in parameters.ts only', async () => {
		expect(await rulesBroken('nodes/Sample/operations/run.ts', read)).toEqual(['layers/parameters']);
		expect(await rulesBroken('lib/n8n/sample.ts', read)).toEqual(['layers/parameters']);
		expect(await rulesBroken('nodes/Sample/parameters.ts', read)).toEqual([]);
		expect(await rulesBroken('nodes/shared/http/parameters.ts', read)).toEqual([]);
		expect(await rulesBroken('lib/n8n/parameters.ts', read)).toEqual([]);
		expect(await rulesBroken('nodes/shared/http/output.ts', read)).toEqual(['layers/parameters']);
	});

	test('the current parameter is read in methods.ts only', async () => {
		const current = read.replaceAll('getNodeParameter', 'getCurrentNodeParameter');
		expect(await rulesBroken('nodes/Sample/parameters.ts', current)).toEqual(['layers/parameters']);
		expect(await rulesBroken('nodes/Sample/methods.ts', current)).toEqual([]);
	});

	test('timers and process-wide state stay in the clock, the runtime and the metrics', async () => {
		for (const code of ['setTimeout(() => undefined, 1);', 'export const x = process.pid;', 'export const x = globalThis;']) {
			expect(await rulesBroken('lib/retry/sample.ts', code)).toEqual(['no-restricted-globals']);
			expect(await rulesBroken('nodes/Sample/sample.ts', code)).toEqual(['no-restricted-globals']);
			for (const place of ['lib/core/clock.ts', 'lib/runtime/sample.ts', 'lib/metrics/sample.ts']) {
				expect(await rulesBroken(place, code)).toEqual([]);
			}
		}
	});

	test('the proxy file may read the environment and nothing else of the process', async () => {
		expect(await rulesBroken('lib/http/proxy.ts', 'export const x = process.env.NO_PROXY;')).toEqual([]);
		expect(await rulesBroken('lib/http/proxy.ts', 'setTimeout(() => undefined, 1);')).toEqual(['no-restricted-globals']);
	});

	test('`any` and the non-null assertion are rejected in lib and nodes', async () => {
		const code = 'export const x = (value: any, list: string[]) => value ?? list[0]!;';
		for (const file of ['lib/retry/sample.ts', 'nodes/Sample/sample.ts']) {
			const broken = await rulesBroken(file, code);
			expect(broken.sort()).toEqual(['@typescript-eslint/no-explicit-any', '@typescript-eslint/no-non-null-assertion']);
		}
	});

	test('a file ends at 400 lines', async () => {
		expect(await rulesBroken('lib/retry/sample.ts', 'export const x = 1;\n'.padEnd(420, '\n'))).toEqual(['max-lines']);
	});
});

describe('the package', () => {
	const read = async (file: string) => JSON.parse(await readFile(path.join(root, file), 'utf8'));

	test('brings nothing along: no dependencies, no overrides, no scripts that run on installation', async () => {
		const manifest = await read('package.json');
		for (const field of ['dependencies', 'optionalDependencies', 'bundledDependencies', 'overrides', 'devEngines']) {
			expect(manifest).not.toHaveProperty(field);
		}
		expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post|install|prepare)/.test(name))).toEqual([]);
		expect(manifest.peerDependencies).toEqual({ 'n8n-workflow': '*' });
	});

	test.each(['package-lock.json', 'test/n8n/package-lock.json'])('%s names no registry host', async (file) => {
		const { packages } = (await read(file)) as { packages: Record<string, { resolved?: string; link?: boolean }> };
		const hosts = Object.values(packages).filter(({ resolved }) => resolved?.includes('://'));
		expect(hosts).toEqual([]);
	});

	test('tests and the engine share one copy of n8n-workflow', () => {
		const engines = createRequire(import.meta.url)('n8n-workflow') as typeof workflowApi;
		expect(workflowApi.NodeOperationError).toBe(engines.NodeOperationError);
	});

	test('tests run on the Node that the package is built for', () => {
		expect(Number(process.versions.node.split('.')[0])).toBeGreaterThanOrEqual(22);
	});
});
