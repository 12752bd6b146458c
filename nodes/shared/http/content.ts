import type { HttpResponse } from '../../../lib/http';

/** Types whose content is a file to HTTP Request, wherever they stand in the header. */
const BINARY_TYPES = [
	'image/',
	'audio/',
	'video/',
	'application/octet-stream',
	'application/gzip',
	'application/zip',
	'application/vnd.rar',
	'application/epub+zip',
	'application/x-bzip',
	'application/x-bzip2',
	'application/x-cdf',
	'application/vnd.amazon.ebook',
	'application/msword',
	'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
	'application/vnd.ms-fontobject',
	'application/vnd.oasis.opendocument.presentation',
	'application/pdf',
	'application/x-tar',
	'application/vnd.visio',
	'application/vnd.ms-excel',
	'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
	'application/x-7z-compressed',
];

export function isBinaryType(contentType: string): boolean {
	return BINARY_TYPES.some((type) => contentType.includes(type));
}

/** Without its parameters; undefined where the server says nothing. */
export function mimeTypeOf(contentType: string): string | undefined {
	const [type = ''] = contentType.split(/[\s;]/);
	return type === '' ? undefined : type;
}

/** The charset that a content type names, in lower case. */
export function charsetOf(contentType: string): string | undefined {
	return /charset=["']?([^;,\s"']+)/i.exec(contentType)?.[1]?.toLowerCase();
}

export interface FileName {
	/** From `content-disposition`, otherwise the path of the address; undefined where neither says anything. */
	readonly path: string | undefined;
	/** Where the file came from, without secrets. */
	readonly directory: string | undefined;
}

export function fileNameOf(response: HttpResponse, secretQuery: readonly string[]): FileName {
	const url = new URL(response.url);
	for (const name of secretQuery) url.searchParams.delete(name);
	const header = response.headers['content-disposition'];
	const path = dispositionName(Array.isArray(header) ? header[0] : header) ?? url.pathname.slice(1);
	return { path: path === '' ? undefined : path, directory: url.href };
}

/** RFC 6266: `filename*`, which names its charset, goes before `filename`. */
function dispositionName(header: string | undefined): string | undefined {
	if (header === undefined) return undefined;
	const extended = /(?:^|[;\s])filename\*\s*=\s*[^']*'[^']*'([^;\s]+)/i.exec(header)?.[1];
	if (extended !== undefined) return decoded(extended);
	const plain = /(?:^|[;\s])filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))/i.exec(header);
	const name = plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2]?.trim();
	return name === undefined || name === '' ? undefined : decoded(name);
}

function decoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		// A stray percent sign: the server meant it literally.
		return text;
	}
}
