import { InvalidOptionError } from '../../../lib/core/errors';
import { requireOneOf } from '../../../lib/core/validate';
import { parseJsonField } from '../json';
import { toTemplateChoice, type TemplateChoice } from '../template';
import { CONTENT_TYPES } from './choices';
import { setPath } from './paths';
import { asText, collect, toRows, type Values } from './values';
import type { Behaviour } from './versions';

/** Names a binary field of the item, or, by an expression, is its content. */
export type BinaryField = string | object;

export type MultipartField =
	| { readonly name: string; readonly value: string }
	| { readonly name: string; readonly binary: BinaryField };

export type RequestBody =
	| { readonly kind: 'none' }
	| { readonly kind: 'json'; readonly value: unknown }
	| { readonly kind: 'form'; readonly fields: Values }
	| { readonly kind: 'multipart'; readonly fields: readonly MultipartField[] }
	| { readonly kind: 'binary'; readonly field: BinaryField }
	| { readonly kind: 'raw'; readonly contentType: string; readonly text: string }
	| { readonly kind: 'template'; readonly contentType: string; readonly choice: TemplateChoice };

/** Of nodes that offer templates, too. */
export const CONTENT_TYPES_OR_TEMPLATE = [...CONTENT_TYPES, 'template'] as const;

export type ContentTypes = typeof CONTENT_TYPES | typeof CONTENT_TYPES_OR_TEMPLATE;

/** What the fields of the panel say of the body; `read` gives the value of one. `offered`: what the node lets the user choose from. */
export function toBody(read: (name: string) => unknown, behaviour: Behaviour, offered: ContentTypes): RequestBody {
	if (read('sendBody') !== true) return { kind: 'none' };
	switch (requireOneOf<(typeof CONTENT_TYPES_OR_TEMPLATE)[number]>('Body Content Type', read('contentType') ?? 'json', offered)) {
		case 'json': {
			const specified = requireOneOf('Specify Body', read('specifyBody') ?? 'keypair', ['keypair', 'json']);
			return { kind: 'json', value: specified === 'json' ? parseJsonField('JSON Body', read('jsonBody')) : toTree(read('bodyParameters')) };
		}
		case 'form-urlencoded': {
			const specified = requireOneOf('Specify Body', read('specifyBody') ?? 'keypair', ['keypair', 'string']);
			return {
				kind: 'form',
				fields:
					specified === 'string'
						? Object.fromEntries(new URLSearchParams(asText(read('body'))))
						: collect(toRows(read('bodyParameters')), behaviour.collects),
			};
		}
		case 'multipart-form-data':
			return { kind: 'multipart', fields: toMultipart(read('bodyParameters'), behaviour) };
		case 'binaryData':
			return { kind: 'binary', field: requireBinaryField(read('inputDataFieldName')) };
		case 'raw':
			return { kind: 'raw', contentType: asText(read('rawContentType')).trim(), text: asText(read('body')) };
		case 'template':
			return { kind: 'template', contentType: asText(read('templateContentType') ?? 'application/json').trim(), choice: toTemplateChoice(read) };
	}
}

/** Fields whose names are paths into the body. */
function toTree(value: unknown): Values {
	const tree: Record<string, unknown> = {};
	for (const row of toRows(value)) setPath(tree, row.name, row.value);
	return tree;
}

function toMultipart(value: unknown, behaviour: Behaviour): MultipartField[] {
	const fields = toRows(value).flatMap((row): MultipartField[] => {
		if (row.parameterType !== 'formBinaryData') return [{ name: row.name, value: asText(row.value) }];
		// As in HTTP Request: nothing is sent for a file that nobody named.
		return row.inputDataFieldName ? [{ name: row.name, binary: requireBinaryField(row.inputDataFieldName) }] : [];
	});
	if (behaviour.multipartAsWritten || behaviour.collects) return fields;
	return [...new Map(fields.map((field) => [field.name, field])).values()];
}

function requireBinaryField(value: unknown): BinaryField {
	if ((typeof value === 'string' && value.trim() !== '') || (typeof value === 'object' && value !== null)) return value;
	throw new InvalidOptionError('Input Data Field Name', 'the name of a binary field', value);
}

