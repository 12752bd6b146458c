import type { IExecuteFunctions } from 'n8n-workflow';
import type { AiImage, AiMessage } from '../../lib/ai';
import { InvalidOptionError } from '../../lib/core/errors';
import { readBinary } from '../../lib/n8n/binary';
import type { ChatParameters } from './parameters';

const OPTION = 'Images From Binary Fields';
/** All images of a call. What a provider takes is less or the same: Gemini 20 MB per request, Anthropic 5 MB per image. */
const MAX_BYTES = 20 * 1_048_576;

/** The same call with the images of the item's binary fields in the last message of the user. */
export async function withImages(context: IExecuteFunctions, itemIndex: number, parameters: ChatParameters): Promise<ChatParameters> {
	if (parameters.imageFields.length === 0) return parameters;
	let left = MAX_BYTES;
	const images: AiImage[] = [];
	for (const field of parameters.imageFields) {
		// Where the size is known beforehand, too much is not even read.
		requireRoom(field, context.getInputData()[itemIndex]?.binary?.[field]?.bytes ?? 0, left);
		const { bytes, mimeType } = await readBinary(context, itemIndex, field);
		requireRoom(field, bytes.length, left);
		left -= bytes.length;
		images.push({ mediaType: imageType(field, mimeType), data: bytes.toString('base64') });
	}
	return { ...parameters, request: { ...parameters.request, messages: attach(parameters.request.messages, images) } };
}

function requireRoom(field: string, bytes: number, left: number): void {
	if (bytes <= left) return;
	throw new InvalidOptionError(OPTION, `images of at most ${MAX_BYTES / 1_048_576} MB in all`, `${field} with ${bytes} bytes`);
}

function imageType(field: string, mimeType: string): string {
	const type = mimeType.split(';')[0]?.trim().toLowerCase() ?? '';
	if (type.startsWith('image/')) return type === 'image/jpg' ? 'image/jpeg' : type;
	throw new InvalidOptionError(OPTION, 'fields that hold images', `${field} of type ${type || 'unknown'}`);
}

function attach(messages: readonly AiMessage[], images: AiImage[]): AiMessage[] {
	const last = messages.findLastIndex(({ role }) => role === 'user');
	return messages.map((message, index) => (index === last ? { ...message, images } : message));
}
