import type { ParameterContext } from '../../lib/n8n/parameters';
import { readSubNode, type SubNodeParameters, type SubNodeSettings } from '../shared/sub-node';

export interface ChatModelSettings extends SubNodeSettings {
	readonly cacheToolCalls: boolean;
	readonly onlyDeterministic: boolean;
}

/** @throws {InvalidOptionError} that names the parameter */
export function readParameters(context: ParameterContext, itemIndex: number): SubNodeParameters & { readonly settings: ChatModelSettings } {
	const read = (name: string): unknown => context.getNodeParameter(name, itemIndex, null) ?? undefined;
	const { settings, ...rest } = readSubNode(read);
	const options = (read('options') ?? {}) as Readonly<Record<string, unknown>>;
	return {
		...rest,
		settings: { ...settings, cacheToolCalls: options.cacheToolCalls !== false, onlyDeterministic: options.onlyDeterministic === true },
	};
}
