import type { IExecuteFunctions } from 'n8n-workflow';

/** The part of n8n's context that a `parameters.ts` reads from. */
export type ParameterContext = Pick<IExecuteFunctions, 'getNodeParameter' | 'getNode'>;

/**
 * Builds a typed request per item, reading again only what can differ. An expression costs a third of a
 * millisecond per evaluation, a literal parameter is the same for all items: a node whose parameters hold
 * no expression is read once. A part of the request that is made of some parameters only is given their
 * `names`, and is then read once if those hold none.
 */
export function perItem<T>(
	context: ParameterContext,
	read: (context: ParameterContext, itemIndex: number) => T,
	names?: readonly string[],
): (itemIndex: number) => T {
	const { parameters } = context.getNode();
	const varies = names ? names.some((name) => hasExpression(parameters[name])) : hasExpression(parameters);
	if (varies) return (itemIndex) => read(context, itemIndex);
	let first: { readonly request: T } | undefined;
	return (itemIndex) => (first ??= { request: read(context, itemIndex) }).request;
}

/** n8n marks a parameter that is an expression by a leading equals sign. */
function hasExpression(value: unknown): boolean {
	if (typeof value === 'string') return value.startsWith('=');
	if (typeof value !== 'object' || value === null) return false;
	return Object.values(value).some(hasExpression);
}
