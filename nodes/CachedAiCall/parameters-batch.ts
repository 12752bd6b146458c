import { InvalidOptionError } from '../../lib/core/errors';
import { requireInteger, requireOneOf } from '../../lib/core/validate';
import { perItem, type ParameterContext } from '../../lib/n8n/parameters';
import {
	asText,
	BATCH_OPERATIONS,
	get,
	parameterReader,
	readOperation,
	readSettings,
	SETTINGS,
	type CallParameters,
	type ChatParameters,
	type Options,
	type PromptFiller,
} from './parameters';

/** A call that waits in a provider's batch. */
export interface SubmitParameters extends ChatParameters {
	/** Comes back with the answer; undefined where none is given. */
	readonly reference: unknown;
	/** Bounds of a batch beside the provider's own. */
	readonly maxRequests: number | undefined;
	readonly maxTokens: number | undefined;
}

export interface BatchParameters extends CallParameters {
	/** Empty for a submission that needed no batch, because the cache had everything. */
	readonly batchId: string;
	/** What to do when results are wanted of a batch that is not done. */
	readonly ifNotDone: 'error' | 'status';
}

export type BatchOperation = (typeof BATCH_OPERATIONS)[number];

/** Undefined for operations that have nothing to do with batches; the same for all items. */
export function batchOperation(context: ParameterContext): BatchOperation | undefined {
	const operation = readOperation(context);
	return BATCH_OPERATIONS.find((known) => known === operation);
}

/** As `parameterReader`, for calls that go into a batch. */
export function submitReader(context: ParameterContext, fill?: PromptFiller): (itemIndex: number) => SubmitParameters {
	const read = parameterReader(context, fill);
	const reference = perItem(context, (from, itemIndex) => get(from, itemIndex, 'reference'), ['reference']);
	const bounds = perItem(context, readBounds, ['options']);
	return (itemIndex) => {
		const given = reference(itemIndex);
		return { ...read(itemIndex), ...bounds(itemIndex), reference: given === '' ? undefined : given };
	};
}

function readBounds(context: ParameterContext, itemIndex: number): Pick<SubmitParameters, 'maxRequests' | 'maxTokens'> {
	const { requestsPerBatch, tokensPerBatch } = (get(context, itemIndex, 'options') ?? {}) as Options;
	const bound = (name: string, value: unknown) => (value === undefined ? undefined : requireInteger(name, value, { min: 1 }));
	return { maxRequests: bound('Requests per Batch', requestsPerBatch), maxTokens: bound('Tokens per Batch', tokensPerBatch) };
}

/** For what is done with a batch that was submitted. */
export function batchReader(context: ParameterContext): (itemIndex: number) => BatchParameters {
	const settings = perItem(context, readSettings, SETTINGS);
	const batchId = perItem(context, (from, itemIndex) => asText(get(from, itemIndex, 'batchId')), ['batchId']);
	const ifNotDone = perItem(context, readIfNotDone, ['options']);
	return (itemIndex) => {
		const id = batchId(itemIndex) ?? '';
		if (typeof id !== 'string') throw new InvalidOptionError('Batch ID', 'a text', id);
		return { ...settings(itemIndex).call, batchId: id.trim(), ifNotDone: ifNotDone(itemIndex) };
	};
}

function readIfNotDone(context: ParameterContext, itemIndex: number): BatchParameters['ifNotDone'] {
	const { ifNotDone } = (get(context, itemIndex, 'options') ?? {}) as Options;
	return requireOneOf('If Not Done', ifNotDone ?? 'error', ['error', 'status']);
}
