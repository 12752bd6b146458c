import type { IExecuteFunctions, IGetNodeParameterOptions } from 'n8n-workflow';
import { compile, UNRESOLVED, type Resolve } from './item-expression';

/** The part of n8n's context that a `parameters.ts` reads from. */
export type ParameterContext = Pick<IExecuteFunctions, 'getNodeParameter' | 'getNode' | 'getInputData'>;

/**
 * Builds a typed request per item, reading again only what can differ. An expression costs a third of a
 * millisecond per evaluation, a literal parameter is the same for all items: a node whose parameters hold
 * no expression is read once. A part of the request that is made of some parameters only is given their
 * `names`, and is then read once if those hold none. Expressions that only name places in the item are read there, once n8n has said
 * the same of one item.
 */
export function perItem<T>(
	context: ParameterContext,
	read: (context: ParameterContext, itemIndex: number) => T,
	names?: readonly string[],
): (itemIndex: number) => T {
	const { parameters } = context.getNode();
	const varies = names ? names.some((name) => hasExpression(parameters[name])) : hasExpression(parameters);
	if (varies) {
		const items = itemContext(context, parameters);
		return (itemIndex) => read(items, itemIndex);
	}
	let first: { readonly request: T } | undefined;
	return (itemIndex) => (first ??= { request: read(context, itemIndex) }).request;
}

/** n8n's context, asked of each parameter no more often than needed. */
function itemContext(context: ParameterContext, parameters: unknown): ParameterContext {
	const items = context.getInputData();
	const known = new Map<string, Parameter>();
	const get = (name: string, itemIndex: number, fallback?: unknown, options?: IGetNodeParameterOptions): unknown => {
		const ask = (): unknown => context.getNodeParameter(name, itemIndex, fallback, options);
		const raw = options ? undefined : rawAt(parameters, name);
		if (raw === undefined) return ask();
		let parameter = known.get(name);
		if (!parameter) known.set(name, (parameter = hasExpression(raw) ? new Expression(compile(raw)) : new Literal()));
		return parameter.valueFor(items[itemIndex]?.json, ask);
	};
	return { getNodeParameter: get as ParameterContext['getNodeParameter'], getNode: () => context.getNode(), getInputData: (...of) => context.getInputData(...of) };
}

interface Parameter {
	valueFor(json: unknown, ask: () => unknown): unknown;
}

/** One value for all items, which nobody may change. */
class Literal implements Parameter {
	#known: { readonly value: unknown } | undefined;

	valueFor(_json: unknown, ask: () => unknown): unknown {
		return (this.#known ??= { value: ask() }).value;
	}
}

/** The first value that we can give is compared with n8n's. If they differ, n8n is asked for every item from then on. */
class Expression implements Parameter {
	#isTrusted: boolean | undefined;

	constructor(private readonly resolve: Resolve | undefined) {}

	valueFor(json: unknown, ask: () => unknown): unknown {
		const ours = this.resolve && this.#isTrusted !== false ? this.resolve(json) : UNRESOLVED;
		if (ours === UNRESOLVED) return ask();
		if (this.#isTrusted) return ours;
		const theirs = ask();
		this.#isTrusted = JSON.stringify(ours) === JSON.stringify(theirs);
		// n8n's may be a part of the item itself.
		return this.#isTrusted ? ours : theirs;
	}
}

/** What stands in the node under a name such as `options.timeout`. */
function rawAt(parameters: unknown, name: string): unknown {
	let raw = parameters;
	for (const step of name.split('.')) {
		if (typeof raw !== 'object' || raw === null || !Object.hasOwn(raw, step)) return undefined;
		raw = (raw as Readonly<Record<string, unknown>>)[step];
	}
	return raw;
}

/** n8n marks a parameter that is an expression by a leading equals sign. */
function hasExpression(value: unknown): boolean {
	if (typeof value === 'string') return value.startsWith('=');
	if (typeof value !== 'object' || value === null) return false;
	return Object.values(value).some(hasExpression);
}
