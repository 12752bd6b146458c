import type { ParameterContext } from '../../lib/n8n/parameters';
import { readSubNode, type SubNodeParameters } from '../shared/sub-node';

/** @throws {InvalidOptionError} that names the parameter */
export function readParameters(context: ParameterContext, itemIndex: number): SubNodeParameters {
	return readSubNode((name) => context.getNodeParameter(name, itemIndex, null) ?? undefined);
}
