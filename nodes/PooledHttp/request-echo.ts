import type { IDataObject, IExecuteFunctions } from 'n8n-workflow';
import type { LoadedBody } from './load-body';
import type { ReadyRequest } from './operations/request';

const HIDDEN = '**hidden**';
const SECRET_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization', 'sslclientcert', 'x-api-key', 'x-auth-token']);
const MAX_TEXT = 10_000;

/**
 * Shows the browser's console what is sent, while a workflow is built. The credential's part is added later
 * and so is never in it; headers by which people send secrets of their own are hidden.
 */
export function echoRequest(context: IExecuteFunctions, { method, url, query, headers, body, settings }: ReadyRequest): void {
	if (context.getMode() !== 'manual') return;
	const written = (name: string) => (settings.lowercaseHeaders ? name.toLowerCase() : name);
	const shown = Object.entries(headers).map(([name, value]) => [written(name), SECRET_HEADERS.has(name.toLowerCase()) ? HIDDEN : value]);
	context.sendMessageToUI({
		method,
		uri: withoutPassword(url),
		headers: Object.fromEntries(shown) as IDataObject,
		qs: query as IDataObject,
		...bodyOf(body),
	});
}

function withoutPassword(url: string): string {
	return url.replace(/^(https?:\/\/)[^/?#]*@/i, `$1${HIDDEN}@`);
}

function bodyOf(body: LoadedBody): IDataObject {
	switch (body.kind) {
		case 'none':
			return {};
		case 'json':
			return { body: body.value as IDataObject };
		case 'form':
			return { form: body.fields as IDataObject };
		case 'multipart':
			return { formData: body.parts.map((part) => ({ name: part.name, value: 'file' in part ? sizeOf(part.file.bytes) : part.value })) };
		case 'binary':
			return { body: sizeOf(body.file.bytes) };
		case 'raw':
			return { body: body.text.slice(0, MAX_TEXT) };
	}
}

function sizeOf(bytes: Buffer): string {
	return `Binary data of ${bytes.length} bytes`;
}
