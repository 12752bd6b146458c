type Members = Readonly<Record<string, unknown>>;

/** Fields that tie a call to what a provider keeps of earlier ones, or has it answered later. */
const STATEFUL = ['previous_response_id', 'conversation', 'background', 'container'];

export type Bypass = 'provider tools' | 'stateful conversation' | 'varied answers wanted';

/**
 * Why an answer must not come from a cache, or undefined where it may. Takes the request as the model puts it and the options of
 * the call: what a provider looks up by itself (web search, code) depends on the world, and what it remembers on its past.
 */
export function mustBypass(...sources: readonly unknown[]): Bypass | undefined {
	const records = sources.filter((source): source is Members => typeof source === 'object' && source !== null);
	if (records.some((record) => STATEFUL.some((name) => record[name] !== undefined && record[name] !== null && record[name] !== false))) {
		return 'stateful conversation';
	}
	const tools = records.flatMap(({ tools: given }) => (Array.isArray(given) ? (given as unknown[]) : []));
	return tools.some((tool) => !isCallersTool(tool)) ? 'provider tools' : undefined;
}

/** A tool that the caller runs, and no provider: described by a name and a schema, in the way of one provider or another. */
function isCallersTool(tool: unknown): boolean {
	if (typeof tool !== 'object' || tool === null) return true;
	const { type, name, function: described, functionDeclarations, toolSpec, ...rest } = tool as Members;
	if (type !== undefined) return type === 'function' || type === 'custom' || type === 'tool';
	return typeof name === 'string' || described !== undefined || functionDeclarations !== undefined || toolSpec !== undefined || Object.keys(rest).length === 0;
}

/** Whether the same question is meant to get the same answer: temperature 0, or a seed. */
export function isDeterministic(...sources: readonly unknown[]): boolean {
	return sources.some((source) => {
		const { temperature, seed } = (source ?? {}) as Members;
		return temperature === 0 || typeof seed === 'number';
	});
}
