import type { IExecuteFunctions } from 'n8n-workflow';
import { charsetOf } from './content';

const UTF8: ReadonlySet<string> = new Set(['utf-8', 'utf8', 'us-ascii', 'ascii']);
const REPLACEMENT = '\uFFFD';
const CHINESE = ['gb18030', 'gbk', 'gb2312'];

/** A body as text, in the charset that the server names, otherwise in the one that it looks like. */
export async function decodeText(context: IExecuteFunctions, body: Buffer, contentType: string): Promise<string> {
	const charset = charsetOf(contentType);
	if (charset !== undefined && !UTF8.has(charset)) return await context.helpers.binaryToString(body, charset as BufferEncoding);
	const text = body.toString('utf8');
	const plain = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
	return plain.includes(REPLACEMENT) ? await guessed(context, body, plain) : plain;
}

async function guessed(context: IExecuteFunctions, body: Buffer, plain: string): Promise<string> {
	const { helpers } = context;
	const detected = helpers.detectBinaryEncoding(body).toLowerCase();
	if (detected !== '' && !UTF8.has(detected)) return await helpers.binaryToString(body, detected as BufferEncoding);
	for (const charset of CHINESE) {
		const text = await helpers.binaryToString(body, charset as BufferEncoding);
		if (text !== '' && !text.includes(REPLACEMENT)) return text;
	}
	return plain;
}
