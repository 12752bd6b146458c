import type { IBinaryData, IBinaryKeyData, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { sizeOf } from '../../lib/cache/isolate';
import { MAX_ENTRY_BYTES } from '../../lib/cache/memory-store';
import { readBinary } from '../../lib/n8n/binary';
import type { SubWorkflowRun } from '../../lib/n8n/sub-workflow';
import { plain } from './input';

/** What is kept of a run of the sub-workflow. Plain data. */
export interface Kept {
	readonly items: readonly KeptItem[];
	readonly executionId: string;
	readonly tookMs: number;
	/** Why it is not stored; undefined where it may be. */
	readonly notStored?: string | undefined;
}

interface KeptItem {
	readonly json: INodeExecutionData['json'];
	/** With its bytes where they are stored, else as n8n refers to it, which is good for this moment only. */
	readonly binary?: Readonly<Record<string, { readonly bytes: Buffer; readonly fileName: string | undefined; readonly mimeType: string } | { readonly reference: IBinaryData }>>;
	/** The input items that it comes from; undefined where that is not known. */
	readonly from?: readonly number[] | undefined;
}

const OVERHEAD_BYTES = 4096;

/** @param origins of each item, by its place */
export async function keep(
	context: IExecuteFunctions,
	{ items, executionId }: SubWorkflowRun,
	{ tookMs, origins }: { readonly tookMs: number; readonly origins: ReadonlyArray<readonly number[] | undefined> },
): Promise<Kept> {
	const kept = items.map(({ json, binary }, index) => ({ json: plain(json), binary, from: origins[index] }));
	const bytes = kept.reduce((sum, { json, binary }) => sum + sizeOf(json) + Object.values(binary ?? {}).reduce((size, data) => size + bytesOf(data), 0), 0);
	const tooLarge = bytes > MAX_ENTRY_BYTES - OVERHEAD_BYTES;
	const whole: KeptItem[] = [];
	for (const { binary, ...item } of kept) whole.push(binary ? { ...item, binary: await contentOf(context, binary, tooLarge) } : item);
	const notStored = tooLarge ? `the result has ${inMegabytes(bytes)} MB, and at most ${inMegabytes(MAX_ENTRY_BYTES)} MB are kept` : undefined;
	return { items: whole, executionId, tookMs, notStored };
}

/** @param own whether references to binary data are this execution's own, so that they may be put out as they are */
export async function toItems(context: IExecuteFunctions, { items }: Kept, own: boolean): Promise<INodeExecutionData[]> {
	const output: INodeExecutionData[] = [];
	for (const { json, binary, from } of items) {
		const item: INodeExecutionData = { json };
		if (from) item.pairedItem = from.map((origin) => ({ item: origin }));
		if (binary) item.binary = await toBinary(context, binary, own);
		output.push(item);
	}
	return output;
}

function bytesOf(data: IBinaryData): number {
	return data.bytes ?? (data.id === undefined ? Math.ceil((data.data.length * 3) / 4) : Infinity);
}

async function contentOf(context: IExecuteFunctions, binary: IBinaryKeyData, asReference: boolean): Promise<NonNullable<KeptItem['binary']>> {
	const content: Record<string, NonNullable<KeptItem['binary']>[string]> = {};
	for (const [name, data] of Object.entries(binary)) content[name] = asReference ? { reference: plain(data) } : await readBinary(context, 0, data);
	return content;
}

async function toBinary(context: IExecuteFunctions, binary: NonNullable<KeptItem['binary']>, own: boolean): Promise<IBinaryKeyData> {
	const output: IBinaryKeyData = {};
	for (const [name, content] of Object.entries(binary)) {
		if ('reference' in content && own) {
			output[name] = content.reference;
			continue;
		}
		const { bytes, fileName, mimeType } = 'reference' in content ? await readBinary(context, 0, content.reference) : content;
		output[name] = await context.helpers.prepareBinaryData(bytes, fileName, mimeType);
	}
	return output;
}

function inMegabytes(bytes: number): string {
	return (bytes / 1_048_576).toFixed(1);
}
