import { MOVE_ON, type AcceptRules, type MoveOn } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireHttpUrl, requireOneOf, requireText } from '../../lib/core/validate';
import { DEFAULTS } from './defaults';
import { PROVIDER_IDS, providerChoice, type ProviderId } from './providers';

export interface Alternative {
	readonly provider: ProviderId;
	readonly baseUrl: string | undefined;
	readonly model: string;
}

export interface FallbackSettings {
	readonly models: readonly Alternative[];
	readonly moveOn: ReadonlySet<MoveOn>;
	readonly rules: Omit<AcceptRules, 'schema'>;
}

type Options = Readonly<Record<string, unknown>>;

/** Undefined where no other model is named. `own` is the call's own provider, `held` those whose credentials the node shows. */
export function readFallback(
	options: Options,
	own: Pick<Alternative, 'provider' | 'baseUrl'>,
	held: readonly ProviderId[],
): FallbackSettings | undefined {
	const { model: entries = [] } = (options.fallbackModels ?? {}) as { model?: Options[] };
	if (entries.length === 0) return undefined;
	const on = Array.isArray(options.fallbackOn) ? (options.fallbackOn as unknown[]) : DEFAULTS.fallbackOn;
	const without = Array.isArray(options.fallbackTexts) ? options.fallbackTexts.map(String).filter((text) => text !== '') : [];
	const trueField = typeof options.fallbackField === 'string' ? options.fallbackField.trim() : '';
	const chosen = on.map((why) => requireOneOf('Fallback On', why, MOVE_ON));
	return {
		models: entries.map((entry) => readAlternative(entry, own, held)),
		moveOn: new Set<MoveOn>([...chosen, 'rejected']),
		rules: { without, trueField },
	};
}

function readAlternative(entry: Options, own: Pick<Alternative, 'provider' | 'baseUrl'>, held: readonly ProviderId[]): Alternative {
	const model = requireText('Fallback Models', entry.model);
	const provider = requireOneOf('Fallback Models', entry.provider ?? 'same', ['same', ...PROVIDER_IDS] as const);
	if (provider === 'same' || (provider === own.provider && entry.baseUrl === undefined)) return { ...own, model };
	if (!providerChoice(provider).credential) {
		return { provider, baseUrl: requireHttpUrl('Base URL', entry.baseUrl).href, model };
	}
	if (held.includes(provider)) return { provider, baseUrl: undefined, model };
	const { name } = providerChoice(provider);
	throw new InvalidOptionError('Provider', `a choice that includes ${name}, which is among the Fallback Models`, own.provider);
}
