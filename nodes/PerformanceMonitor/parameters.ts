import { requireOneOf } from '../../lib/core/validate';
import type { ParameterContext } from '../../lib/n8n/parameters';
import { OPERATIONS, type OperationName } from './operations';
import type { Read } from './operations/operation';

const NAMES = Object.keys(OPERATIONS) as OperationName[];

export function readOperation(context: ParameterContext, itemIndex: number): OperationName {
	return requireOneOf('Operation', get(context, itemIndex, 'operation'), NAMES);
}

/** One store for the whole run. */
export function readStore(context: ParameterContext): unknown {
	return get(context, 0, 'store');
}

/** The fields of one item, for the operation to validate. */
export function fieldReader(context: ParameterContext, itemIndex: number): Read {
	return (name) => get(context, itemIndex, name);
}

/** n8n throws on a parameter that is hidden and so has no value, unless it is given another than undefined. */
function get(context: ParameterContext, itemIndex: number, name: string): unknown {
	return context.getNodeParameter(name, itemIndex, null) ?? undefined;
}
