import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { runItems } from '../../lib/n8n/items';
import { openLibrary } from '../../lib/n8n/templates';
import type { Runtime } from '../../lib/runtime';
import type { Values } from '../../lib/template';
import { fillFiles } from './fill-files';
import { fillReader, readFiles, readLibrary, type FillParameters } from './parameters';
import { texts, type Ready } from './texts';

/** Items between two moments in which others may run, and Stop is heard. */
const AT_ONCE = 250;

/** Fills a text for each item, or says how it would. */
export async function fillItems(context: IExecuteFunctions, runtime: Runtime, explain: boolean): Promise<INodeExecutionData[][]> {
	const inputs = context.getInputData();
	const read = fillReader(context);
	const readyFor = texts(runtime, async () => await openLibrary(context, runtime, readLibrary(context)));
	const fill = async (itemIndex: number): Promise<IDataObject> => {
		const parameters = read(itemIndex);
		const json = inputs[itemIndex]?.json ?? {};
		const ready = await readyFor(parameters.source, json);
		return explain ? explanation(ready, json) : filled(ready, json, parameters);
	};
	const files = explain ? undefined : readFiles(context);
	if (files) return await fillFiles(context, files, fill);
	return await runItems(context, { concurrency: 1, pauseEvery: AT_ONCE }, async (itemIndex) => ({ json: await fill(itemIndex) }));
}

function filled({ filler }: Ready, item: IDataObject, { outputField, includeInput }: FillParameters): IDataObject {
	const text = filler.fill(item);
	return includeInput ? { ...item, [outputField]: text } : { [outputField]: text };
}

function explanation({ filler, template, hash }: Ready, item: Values): IDataObject {
	const fields = filler.explain(item).map(({ field, path, score, why }) => ({ field, from: path?.join('.') ?? null, score, why }));
	return { ...template, hash, fields, missing: fields.filter(({ from }) => from === null).map(({ field }) => field) };
}
