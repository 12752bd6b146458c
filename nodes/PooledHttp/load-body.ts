import type { IExecuteFunctions } from 'n8n-workflow';
import { readBinary, type BinaryContent } from '../../lib/n8n/binary';
import type { RequestBody } from './body';
import type { Part } from './operations/multipart';

/** A body that nothing is missing from: binary fields are replaced by their content. */
export type LoadedBody =
	| Exclude<RequestBody, { readonly kind: 'multipart' | 'binary' }>
	| { readonly kind: 'multipart'; readonly parts: readonly Part[] }
	| { readonly kind: 'binary'; readonly file: BinaryContent };

export async function loadBody(context: IExecuteFunctions, itemIndex: number, body: RequestBody): Promise<LoadedBody> {
	switch (body.kind) {
		case 'binary':
			return { kind: 'binary', file: await readBinary(context, itemIndex, body.field) };
		case 'multipart': {
			const parts = body.fields.map(async (field): Promise<Part> =>
				'binary' in field ? { name: field.name, file: await readBinary(context, itemIndex, field.binary) } : field,
			);
			return { kind: 'multipart', parts: await Promise.all(parts) };
		}
		default:
			return body;
	}
}
