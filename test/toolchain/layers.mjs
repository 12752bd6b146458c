// The layer table of ARCHITECTURE.md as two ESLint rules. Specifiers are resolved by path alone, so relative imports are
// caught as surely as named ones, and a rule needs no file on disk (see test/unit/toolchain.test.mts).
import { isBuiltin } from 'node:module';
import path from 'node:path';

export const FEATURES = [
	'cache', 'flight', 'retry', 'breaker', 'limit', 'balance', 'http', 'batch', 'ai', 'langchain', 'similar', 'template', 'metrics',
	'insight', 'shared',
];
const THIRD_PARTY = ['ioredis', 'lru-cache', 'keyv', 'liquidjs', 'undici'];
/** What the nodes that make HTTP requests have in common; its files have the rights of a node's. */
const SHARED_HTTP = 'nodes/shared/http';
const CORE_BUILTINS = ['node:crypto', 'node:perf_hooks'];

/**
 * What each place may import: `values` at run time, `types` in `import type` only (values are allowed as types too).
 * `self` stands for the importing place itself.
 */
const MAY_IMPORT = {
	vendor: { values: ['third-party'], types: [] },
	core: { values: ['self', 'core-builtin'], types: [] },
	feature: { values: ['self', 'core', 'vendor', 'builtin'], types: [] },
	runtime: { values: ['self', 'core', 'feature', 'vendor', 'builtin'], types: [] },
	// The adapter runs items through lib/batch; of the other features it knows only the shapes.
	adapter: { values: ['self', 'core', 'runtime', 'builtin', 'n8n', 'lib/batch'], types: ['feature', 'vendor'] },
	// A program of its own: it works on files alone and starts without n8n.
	cli: { values: ['self', 'builtin'], types: [] },
	class: { values: ['self', 'adapter', 'n8n'], types: [] },
	description: { values: ['self', 'shared', SHARED_HTTP, 'n8n'], types: ['core', 'feature'] },
	operation: { values: ['self', 'shared', SHARED_HTTP, 'core', 'feature', 'runtime'], types: ['adapter', 'n8n'] },
	node: { values: ['self', 'shared', SHARED_HTTP, 'adapter', 'core', 'feature', 'runtime', 'n8n'], types: [] },
	shared: { values: ['self', 'core', 'feature'], types: ['n8n'] },
	credential: { values: ['self', 'n8n'], types: [] },
};

/** @returns {{ kind: string, name: string } | undefined} the place a path (relative to the root, with `/`) belongs to */
function placeOf(file) {
	const [top, folder, ...rest] = file.split('/');
	if (top === 'credentials') return { kind: 'credential', name: 'credentials' };
	if (top === 'nodes' && folder) {
		if (folder === 'shared' && rest[0] === 'http') return { kind: nodeKind('http', rest.slice(1)), name: SHARED_HTTP };
		return { kind: nodeKind(folder, rest), name: `nodes/${folder}` };
	}
	if (top !== 'lib' || !folder) return undefined;
	if (rest.length === 0 && /^vendor(\.[jt]s)?$/.test(folder)) return { kind: 'vendor', name: 'lib/vendor' };
	const name = `lib/${folder}`;
	if (folder === 'core') return { kind: 'core', name };
	if (folder === 'runtime') return { kind: 'runtime', name };
	if (folder === 'n8n') return { kind: 'adapter', name };
	if (folder === 'cli') return { kind: 'cli', name };
	return FEATURES.includes(folder) ? { kind: 'feature', name } : undefined;
}

/** Within a node's folder the files have different rights: the class delegates, descriptions declare, operations call lib. */
function nodeKind(folder, rest) {
	if (folder === 'shared') return 'shared';
	if (/\.node\.ts$/.test(rest[0] ?? '')) return 'class';
	if (/^description/.test(rest[0] ?? '')) return 'description';
	return rest[0] === 'operations' ? 'operation' : 'node';
}

function targetOf(specifier, fromFile) {
	if (specifier.startsWith('.')) {
		const file = path.posix.normalize(path.posix.join(path.posix.dirname(fromFile), specifier));
		return placeOf(file) ?? { kind: 'outside', name: file };
	}
	if (isBuiltin(specifier)) return { kind: 'builtin', name: `node:${specifier.replace(/^node:/, '')}` };
	if (specifier === 'n8n-workflow') return { kind: 'n8n', name: specifier };
	if (THIRD_PARTY.includes(specifier)) return { kind: 'third-party', name: specifier };
	return { kind: 'package', name: specifier };
}

function allowed(from, target, typeOnly) {
	const rule = MAY_IMPORT[from.kind];
	return [...rule.values, ...(typeOnly ? rule.types : [])].some((entry) => {
		if (entry === 'self') return target.name === from.name;
		if (entry === 'core-builtin') return CORE_BUILTINS.includes(target.name);
		return entry === target.kind || entry === target.name;
	});
}

function relativeName(context) {
	return path.relative(context.cwd, context.filename).split(path.sep).join('/');
}

const imports = {
	meta: {
		type: 'problem',
		schema: [],
		messages: {
			breach: '{{from}} may not import {{target}}{{hint}} (layers: ARCHITECTURE.md).',
			homeless: '{{file}} belongs to no layer: add its folder to test/toolchain/layers.mjs and ARCHITECTURE.md.',
		},
	},
	create(context) {
		const file = relativeName(context);
		const from = placeOf(file);
		if (!from) return { Program: (node) => context.report({ node, messageId: 'homeless', data: { file } }) };

		function check(node, source, typeOnly) {
			if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
			const target = targetOf(source.value, file);
			if (allowed(from, target, typeOnly)) return;
			const hint = !typeOnly && allowed(from, target, true) ? ' except its types (import type)' : '';
			context.report({ node, messageId: 'breach', data: { from: from.name, target: target.name, hint } });
		}
		return {
			ImportDeclaration: (node) => check(node, node.source, isTypeOnly(node, 'importKind')),
			ExportNamedDeclaration: (node) => check(node, node.source, isTypeOnly(node, 'exportKind')),
			ExportAllDeclaration: (node) => check(node, node.source, node.exportKind === 'type'),
			ImportExpression: (node) => check(node, node.source, false),
			TSImportType: (node) => check(node, node.argument?.literal ?? node.source, true),
			TSExternalModuleReference: (node) => check(node, node.expression, false),
			'CallExpression[callee.name="require"]': (node) => check(node, node.arguments[0], false),
			'CallExpression[callee.object.name="require"][callee.property.name="resolve"]': (node) => check(node, node.arguments[0], false),
		};
	},
};

/** `import type …`, or an import whose every name is marked `type`. */
function isTypeOnly(node, kind) {
	if (node[kind] === 'type') return true;
	return node.specifiers.length > 0 && node.specifiers.every((specifier) => specifier[kind] === 'type');
}

/** Reading a node's parameters happens in one file per node, or in the one that HTTP nodes share, through the one that asks n8n; option loaders read the field beside them. */
const READERS = {
	getNodeParameter: /^(?:nodes\/(?:shared\/http|[^/]+)|lib\/n8n)\/parameters\.ts$/,
	getCurrentNodeParameter: /^nodes\/[^/]+\/methods\.ts$/,
	getCurrentNodeParameters: /^nodes\/[^/]+\/methods\.ts$/,
};

const parameters = {
	meta: {
		type: 'problem',
		schema: [],
		messages: { misplaced: '{{name}} may be read only in {{where}} (layers: ARCHITECTURE.md).' },
	},
	create(context) {
		const file = relativeName(context);
		function check(node, name) {
			if (!Object.hasOwn(READERS, name) || READERS[name].test(file)) return;
			const where = name === 'getNodeParameter' ? 'nodes/*/parameters.ts' : 'nodes/*/methods.ts';
			context.report({ node, messageId: 'misplaced', data: { name, where } });
		}
		return {
			'MemberExpression > Identifier.property': (node) => check(node, node.name),
			'MemberExpression > Literal.property': (node) => check(node, String(node.value)),
			'ObjectPattern > Property > Identifier.key': (node) => check(node, node.name),
		};
	},
};

export default { meta: { name: 'layers' }, rules: { imports, parameters } };
