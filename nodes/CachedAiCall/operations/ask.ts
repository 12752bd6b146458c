import { cascade, type AiAnswer, type AiRequest } from '../../../lib/ai';
import type { CallTrace } from '../../../lib/core/trace';
import type { Outcome, Runtime } from '../../../lib/runtime';
import type { ProviderAccess } from '../access';
import type { Alternative } from '../fallback';
import type { ChatParameters } from '../parameters';
import { providerChoice } from '../providers';
import { chat, type Place } from './chat';

/** Asks the model, and where it does not do, the fallback models in their order. The total timeout covers them all. */
export async function ask(
	runtime: Runtime,
	open: (provider: ChatParameters['provider'], baseUrl: string | undefined) => Promise<ProviderAccess>,
	parameters: ChatParameters,
	place: Place,
	signal: AbortSignal,
): Promise<Outcome<AiAnswer>> {
	const { fallback, provider, baseUrl, request } = parameters;
	if (!fallback) return await chat(runtime, await open(provider, baseUrl), parameters, place, signal);
	const endsAt = runtime.clock.now() + parameters.totalTimeoutMs;
	const first: Alternative = { provider, baseUrl, model: request.model };
	const { result, attempts, tried } = await cascade([first, ...fallback.models], {
		moveOn: fallback.moveOn,
		rules: { ...fallback.rules, schema: request.json?.schema },
		nameOf: ({ model }) => model,
		goOn: () => !signal.aborted && runtime.clock.now() < endsAt,
		ask: async (alternative) => {
			const access = await open(alternative.provider, alternative.baseUrl);
			const totalTimeoutMs = Math.max(1, Math.round(endsAt - runtime.clock.now()));
			const adapted = alternative === first ? request : adapt(request, parameters, alternative);
			return await chat(runtime, access, { ...parameters, ...alternative, request: adapted, totalTimeoutMs }, place, signal);
		},
	});
	const trace = sum(attempts.map((attempt) => attempt.trace));
	if (tried.length > 0) trace.tried = tried;
	return { ...result, trace };
}

/** What only the first model's provider knows is left out; what another bounds more closely is bounded. */
function adapt(request: AiRequest, { provider }: ChatParameters, alternative: Alternative): AiRequest {
	const { extraBody, seed, temperature, ...rest } = request;
	const wire = providerChoice(alternative.provider).wire.name;
	const sameWire = wire === providerChoice(provider).wire.name;
	const anthropic = wire === 'anthropic';
	return {
		...rest,
		model: alternative.model,
		temperature: anthropic && temperature !== undefined ? Math.min(temperature, 1) : temperature,
		...(seed === undefined || anthropic ? {} : { seed }),
		...(extraBody === undefined || !sameWire ? {} : { extraBody }),
	};
}

/** The trace of the one that answered, with the pains and costs of all. */
function sum(traces: readonly CallTrace[]): CallTrace {
	const last = traces.at(-1);
	if (!last) throw new RangeError('No call was made');
	const add = (value: (trace: CallTrace) => number) => traces.reduce((total, trace) => total + value(trace), 0);
	const paid = traces.filter((trace) => trace.costUsd !== undefined);
	return {
		...last,
		attempts: add(({ attempts }) => attempts),
		waitedMs: add(({ waitedMs }) => waitedMs),
		upstreamMs: add(({ upstreamMs }) => upstreamMs),
		totalMs: add(({ totalMs = 0 }) => totalMs),
		...(paid.length === 0 ? {} : { costUsd: paid.some(({ costUsd }) => costUsd === null) ? null : add(({ costUsd }) => costUsd ?? 0) }),
	};
}
