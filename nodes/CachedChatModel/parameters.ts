import type { ParameterContext } from '../../lib/n8n/parameters';
import { toSubNodeSettings, type SubNodeSettings } from '../shared/sub-node';

export interface ChatModelSettings extends SubNodeSettings {
	readonly cacheToolCalls: boolean;
	readonly onlyDeterministic: boolean;
}

type Options = Readonly<Record<string, unknown>>;

/** @throws {InvalidOptionError} that names the parameter */
export function readSettings(context: ParameterContext, itemIndex: number): ChatModelSettings {
	const read = (name: string): unknown => context.getNodeParameter(name, itemIndex, null) ?? undefined;
	const options = (read('options') ?? {}) as Options;
	return {
		...toSubNodeSettings(read, options),
		cacheToolCalls: options.cacheToolCalls !== false,
		onlyDeterministic: options.onlyDeterministic === true,
	};
}

/** A store that is not shown (the cache is off) is not used. */
export function usesSharedStore(context: ParameterContext, itemIndex: number): boolean {
	const read = (name: string): unknown => context.getNodeParameter(name, itemIndex, null);
	return read('cacheMode') !== 'off' && read('store') === 'shared';
}
