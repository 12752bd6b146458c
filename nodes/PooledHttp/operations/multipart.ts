import type { Random } from '../../../lib/core/random';
import type { BinaryContent } from '../../../lib/n8n/binary';

/** A field of a form as it is sent. */
export type Part = { readonly name: string } & ({ readonly value: string } | { readonly file: BinaryContent });

const BOUNDARY_DIGITS = 24;

/** No content is looked at: that it holds 24 random digits is out of the question. */
function boundaryOf(random: Random): string {
	const digits = Array.from({ length: BOUNDARY_DIGITS }, () => Math.floor(random.next() * 16).toString(16));
	return `--------------------------${digits.join('')}`;
}

/** RFC 7578. Each file has a name and a type, which is how servers tell it from a text. */
export function multipart(parts: readonly Part[], random: Random): { readonly content: Buffer; readonly contentType: string } {
	const boundary = boundaryOf(random);
	const pieces = parts.flatMap((part) => [
		Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${escaped(part.name)}"`),
		...('file' in part ? fileOf(part.file) : [Buffer.from(`\r\n\r\n${part.value}\r\n`)]),
	]);
	return {
		content: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]),
		contentType: `multipart/form-data; boundary=${boundary}`,
	};
}

function fileOf({ bytes, fileName, mimeType }: BinaryContent): Buffer[] {
	const name = (fileName ?? '').split('/').pop() ?? '';
	return [
		Buffer.from(`; filename="${escaped(name === '' ? 'file' : name)}"\r\nContent-Type: ${oneLine(mimeType)}\r\n\r\n`),
		bytes,
		Buffer.from('\r\n'),
	];
}

/** As browsers write names: what would end them is escaped (RFC 7578 section 4.2). */
function escaped(name: string): string {
	return name.replace(/[\r\n"]/g, (character) => encodeURIComponent(character));
}

function oneLine(mimeType: string): string {
	return mimeType.replace(/[\r\n]/g, ' ');
}
