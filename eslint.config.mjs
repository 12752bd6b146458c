import { configWithoutCloudSupport } from '@n8n/node-cli/eslint';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';
import layers from './test/toolchain/layers.mjs';

const OURS = ['lib/**/*.ts', 'nodes/**/*.ts', 'credentials/**/*.ts'];
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'];
const PROCESS_WIDE = ['process', 'globalThis', 'global'];
const CLOCKWORK = ['lib/core/clock.ts', 'lib/runtime/**', 'lib/metrics/**'];

const forbid = (names) => names.map((name) => ({ name, message: 'Only lib/core/clock.ts, lib/runtime and lib/metrics may use it.' }));

export default defineConfig(
	globalIgnores(['dist', '.n8n', '.cache', 'coverage']),
	configWithoutCloudSupport,

	// Documented exceptions to n8n's rules.
	{
		files: ['nodes/**/*.ts'],
		rules: {
			// The nodes accept n8n's own credential types (header, basic, OAuth2, the AI providers'), so that users keep
			// the credentials they have instead of entering each secret a second time. The next two rules say the same thing.
			'@n8n/community-nodes/no-credential-reuse': 'off',
			'@n8n/community-nodes/valid-credential-references': 'off',
			'n8n-nodes-base/node-class-description-credentials-name-unsuffixed': 'off',
		},
	},
	{
		files: ['lib/**/*.ts'],
		ignores: ['lib/n8n/**'],
		rules: {
			// lib knows nothing of n8n and throws its own error classes; lib/n8n/errors.ts translates them.
			'@n8n/community-nodes/require-node-api-error': 'off',
		},
	},
	{
		// The same of the nodes' inner files: they throw the library's errors, and lib/n8n/items.ts translates each.
		files: ['nodes/**/*.ts'],
		ignores: ['nodes/*/*.node.ts'],
		rules: { '@n8n/community-nodes/require-node-api-error': 'off' },
	},
	{
		// Descriptions stand in files of their own, beside the class that the file-name rule is about.
		files: ['nodes/*/description*.ts', 'nodes/**/description/**/*.ts'],
		rules: { 'n8n-nodes-base/node-filename-against-convention': 'off' },
	},
	{
		// Defaults come from one constant, which the reader of the parameters shares; the rule only sees literals.
		files: ['nodes/**/*.ts'],
		rules: { 'n8n-nodes-base/node-param-default-missing': 'off' },
	},
	{
		// A batch works on many items; a model that calls a tool has one request at a time, and Pooled HTTP for it.
		files: ['nodes/BatchRequest/BatchRequest.node.ts'],
		rules: { '@n8n/community-nodes/node-usable-as-tool': 'off' },
	},
	{
		// What they give is a model, which no agent can use as a tool; the rule knows only sub-nodes without inputs.
		files: ['nodes/CachedChatModel/CachedChatModel.node.ts', 'nodes/CachedEmbeddings/CachedEmbeddings.node.ts'],
		rules: { '@n8n/community-nodes/node-usable-as-tool': 'off' },
	},
	{
		// Agents have n8n's own tool for sub-workflows, which describes their inputs to the model; inside it, this node caches.
		files: ['nodes/CachedWorkflow/CachedWorkflow.node.ts'],
		rules: { '@n8n/community-nodes/node-usable-as-tool': 'off' },
	},
	{
		files: ['credentials/FastpathStoreApi.credentials.ts'],
		rules: {
			// Tested by Cached AI Call (testedBy: 'testStore'): the rule does not find that in the description beside the class.
			'@n8n/community-nodes/credential-test-required': 'off',
		},
	},
	{
		files: ['package.json'],
		rules: {
			// The author is a group of contributors without an address of its own.
			'@n8n/community-nodes/valid-author': 'off',
		},
	},

	// House rules.
	{
		files: OURS,
		plugins: { layers },
		rules: {
			'layers/imports': 'error',
			'layers/parameters': 'error',
			'import-x/no-cycle': 'error',
			'@typescript-eslint/no-explicit-any': 'error',
			'@typescript-eslint/no-non-null-assertion': 'error',
			'@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false }],
		},
	},
	{
		files: OURS,
		ignores: CLOCKWORK,
		rules: { 'no-restricted-globals': ['error', ...forbid([...TIMERS, ...PROCESS_WIDE])] },
	},
	{
		// The proxy variables (HTTPS_PROXY, NO_PROXY, …) live in process.env.
		files: ['lib/http/proxy.ts'],
		rules: { 'no-restricted-globals': ['error', ...forbid([...TIMERS, 'globalThis', 'global'])] },
	},
	{
		files: OURS,
		ignores: [...CLOCKWORK, 'lib/core/random.ts'],
		rules: {
			'no-restricted-properties': [
				'error',
				{ object: 'Math', property: 'random', message: 'All chance goes through Random (lib/core/random.ts).' },
				{ object: 'Date', property: 'now', message: 'All time goes through Clock (lib/core/clock.ts).' },
				{ object: 'performance', property: 'now', message: 'All time goes through Clock (lib/core/clock.ts).' },
			],
		},
	},
	{
		files: ['**/*.ts', '**/*.mts', '**/*.mjs', 'gulpfile.js'],
		rules: { 'max-lines': ['error', { max: 400 }] },
	},
	{
		// Node runs these files by stripping their types, so only syntax that can be erased may stand in them.
		files: ['test/**/*.mts', 'bench/**/*.mts', 'vitest.config.mts'],
		extends: [tseslint.configs.base],
		rules: {
			'no-restricted-syntax': ['error', 'TSEnumDeclaration', 'TSParameterProperty', 'TSModuleDeclaration[declare!=true]', 'TSImportEqualsDeclaration'],
			'@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
			'@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
		},
	},
);
