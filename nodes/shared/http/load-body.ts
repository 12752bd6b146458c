import type { IExecuteFunctions } from 'n8n-workflow';
import { readBinary, type BinaryContent } from '../../../lib/n8n/binary';
import { TemplateError } from '../../../lib/core/errors';
import type { TemplateRun } from '../template-run';
import type { RequestBody } from './body';
import type { Part } from './operations/multipart';

/** A body that nothing is missing from: binary fields are replaced by their content, templates by what they are filled to. */
export type LoadedBody =
	| Exclude<RequestBody, { readonly kind: 'multipart' | 'binary' | 'template' }>
	| { readonly kind: 'multipart'; readonly parts: readonly Part[] }
	| { readonly kind: 'binary'; readonly file: BinaryContent };

/** @param templates opens the library with the first body that is one of its templates */
export async function loadBody(
	context: IExecuteFunctions,
	itemIndex: number,
	body: RequestBody,
	templates: () => Promise<TemplateRun>,
): Promise<LoadedBody> {
	switch (body.kind) {
		case 'template': {
			const { contentType, choice } = body;
			const { text } = (await templates()).fill(choice, context.getInputData()[itemIndex]?.json ?? {});
			if (isJson(contentType)) requireJson(choice.name, text);
			return { kind: 'raw', contentType, text };
		}
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

function isJson(contentType: string): boolean {
	return /^application\/([\w.+-]+\+)?json\b/i.test(contentType);
}

function requireJson(name: string, text: string): void {
	try {
		JSON.parse(text);
	} catch (error) {
		throw new TemplateError(`The template "${name}" gave no valid JSON (${error instanceof Error ? error.message : 'unreadable'}); is it saved with Escape Values For: JSON?`);
	}
}
