import { setImmediate } from 'node:timers/promises';
import type { IExecuteFunctions, INode, INodeExecutionData } from 'n8n-workflow';
import { runOrdered, type Settled } from '../batch/run';
import { isFastpathError } from '../core/errors';
import { errorItem, toNodeError } from './errors';
import { cancelSignal } from './signal';

export interface ItemsOptions {
	/** Items worked on at the same time. */
	readonly concurrency: number;
	/** For work that never waits: after so many items others may run, and Stop is heard. */
	readonly pauseEvery?: number | undefined;
	/** Makes the item that stands for a failed one; undefined where the usual one will do. */
	readonly errorItem?: ((error: unknown, itemIndex: number) => INodeExecutionData | undefined) | undefined;
}

/** Works on one item. What it returns needs no `pairedItem`; what it throws fails this item alone. */
export type ItemWork = (itemIndex: number, signal: AbortSignal) => Promise<INodeExecutionData | INodeExecutionData[]>;

/**
 * Runs `work` over all input items and returns the node's one output in the order of the items, each
 * paired with its origin. With Continue On Fail (or the error output) a failed item becomes an error
 * item; without it the first failure aborts the rest and is thrown with its item index.
 */
export async function runItems(
	context: IExecuteFunctions,
	options: ItemsOptions,
	work: ItemWork,
): Promise<INodeExecutionData[][]> {
	const node = context.getNode();
	const items = context.getInputData();
	const stopOnFailure = !context.continueOnFail();
	const results = await runOrdered(
		items,
		{ concurrency: options.concurrency, signal: cancelSignal(context), stopOnFailure },
		async (_item, itemIndex, signal) => {
			if (options.pauseEvery !== undefined && itemIndex % options.pauseEvery === options.pauseEvery - 1) await setImmediate();
			return await work(itemIndex, signal);
		},
	);
	const failed = results.findIndex((result) => result.status === 'failed');
	if (stopOnFailure && failed !== -1) throw toError(node, results[failed], failed);
	return [results.flatMap((result, itemIndex) => toItems(node, result, itemIndex, options))];
}

/**
 * Runs `work` once, over all input items together. What it returns without `pairedItem` is paired with all of them; so is the one
 * error item that a failure becomes with Continue On Fail.
 */
export async function runTogether(context: IExecuteFunctions, work: (signal: AbortSignal) => Promise<INodeExecutionData[]>): Promise<INodeExecutionData[][]> {
	const pairedItem = context.getInputData().map((_item, item) => ({ item }));
	try {
		const produced = await work(cancelSignal(context));
		return [produced.map((item) => ({ pairedItem, ...item }))];
	} catch (error) {
		const translated = toNodeError(context.getNode(), error, 0);
		if (!context.continueOnFail()) throw translated;
		return [[{ ...errorItem(translated), pairedItem }]];
	}
}

type Produced = INodeExecutionData | INodeExecutionData[];

function toItems(node: INode, result: Settled<Produced>, itemIndex: number, options: ItemsOptions): INodeExecutionData[] {
	const pairedItem = { item: itemIndex };
	if (result.status === 'ok') {
		const produced = Array.isArray(result.value) ? result.value : [result.value];
		return produced.map((item) => ({ ...item, pairedItem }));
	}
	const own = result.status === 'failed' ? options.errorItem?.(result.error, itemIndex) : undefined;
	return [{ ...(own ?? errorItem(toError(node, result, itemIndex))), pairedItem }];
}

function toError(node: INode, result: Settled<Produced> | undefined, itemIndex: number): Error {
	const error = result?.status === 'failed' ? result.error : undefined;
	if (error !== undefined && !isFastpathError(error) && error instanceof Error && 'node' in error) return error;
	return toNodeError(node, error, itemIndex);
}
