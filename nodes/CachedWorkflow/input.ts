import { deepCopy, type IDataObject, type IExecuteFunctions, type INodeExecutionData } from 'n8n-workflow';
import { isolate } from '../../lib/cache/isolate';
import { digest } from '../../lib/cache/key';
import { InvalidOptionError } from '../../lib/core/errors';
import { readBinary } from '../../lib/n8n/binary';

/** What makes two inputs the same: all there is in them, or chosen fields. */
export type KeyFields = readonly string[] | 'all';

/** Binary data of one item that is read for its key. */
const MAX_BINARY_BYTES = 64 * 1_048_576;

/**
 * The part of an item that its result is known by: plain data, with digests of binary data.
 *
 * @param inputs the fields that reach the sub-workflow; undefined where all do
 */
export async function keyOfItem(
	context: IExecuteFunctions,
	itemIndex: number,
	item: INodeExecutionData,
	{ fields, inputs }: { readonly fields: KeyFields; readonly inputs: readonly string[] | undefined },
): Promise<unknown> {
	const names = Object.keys(item.binary ?? {});
	// What a node before this one says of its own cache is another each time.
	if (fields === 'all') {
		const json = inputs ? Object.fromEntries(inputs.map((name) => [name, item.json[name]])) : { ...item.json, _fastpath: undefined };
		return { json: plain(json), binary: await binaryParts(context, itemIndex, item, names) };
	}
	const parts: Array<[string, unknown]> = [];
	for (const field of fields) {
		const binary = names.includes(field) ? await binaryParts(context, itemIndex, item, [field]) : undefined;
		parts.push([field, binary ?? plain(memberOf(item.json, field))]);
	}
	return { fields: parts };
}

/** A copy that shares nothing with the item but the references of its binary data. */
export function inputOf(item: INodeExecutionData, index: number): INodeExecutionData {
	const { json, binary } = item;
	return { json: plain(json), ...(binary && { binary: isolate(binary) }), pairedItem: { item: index } };
}

/** Plain data as it is, anything else as n8n would write it. */
export function plain<T>(value: T): T {
	try {
		return isolate(value);
	} catch {
		return deepCopy(value as object) as T;
	}
}

async function binaryParts(context: IExecuteFunctions, itemIndex: number, item: INodeExecutionData, names: readonly string[]): Promise<unknown> {
	const parts: Record<string, unknown> = {};
	for (const name of names) {
		const data = item.binary?.[name];
		if (!data) continue;
		if ((data.bytes ?? 0) > MAX_BINARY_BYTES) throw tooLarge(name, data.bytes);
		const { bytes, fileName, mimeType } = await readBinary(context, itemIndex, data);
		if (bytes.byteLength > MAX_BINARY_BYTES) throw tooLarge(name, bytes.byteLength);
		parts[name] = { bytes: digest(bytes), fileName, mimeType };
	}
	return parts;
}

function tooLarge(name: string, bytes = 0): InvalidOptionError {
	const megabytes = (count: number) => Math.round(count / 1_048_576);
	return new InvalidOptionError(`binary field "${name}"`, `at most ${megabytes(MAX_BINARY_BYTES)} MB, as its bytes are part of the key (or choose other fields for the key)`, megabytes(bytes));
}

/** A field by its name, or by a path with dots. */
function memberOf(json: IDataObject, path: string): unknown {
	if (Object.hasOwn(json, path)) return json[path];
	return path.split('.').reduce<unknown>((value, name) => {
		if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
		return (value as Readonly<Record<string, unknown>>)[name];
	}, json);
}
