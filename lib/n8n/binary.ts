import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

export interface BinaryContent {
	readonly bytes: Buffer;
	readonly fileName: string | undefined;
	readonly mimeType: string;
}

/**
 * The content of a binary field, wherever n8n keeps it. It is read as a whole: a request that is repeated
 * needs it again. Throws n8n's own error where the item has no such field.
 */
export async function readBinary(context: IExecuteFunctions, itemIndex: number, field: string | object): Promise<BinaryContent> {
	const source = field as string | IBinaryData;
	const { fileName, mimeType } = context.helpers.assertBinaryData(itemIndex, source);
	return { bytes: await context.helpers.getBinaryDataBuffer(itemIndex, source), fileName, mimeType };
}
