import { constants } from 'node:buffer';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

import { MalformedAnswerError, NetworkError, ResponseTooLargeError } from '../core/errors';
import { systemCodeOf } from './failure';

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const inflate: Decoder = promisify(zlib.inflate);
const inflateRaw: Decoder = promisify(zlib.inflateRaw);
const gunzip: Decoder = promisify(zlib.gunzip);

const DECODERS: Readonly<Record<string, Decoder>> = {
	gzip: gunzip,
	'x-gzip': gunzip,
	// RFC 9110 section 8.4.1.2 means the zlib format; some servers send the bare one. CM = 8 tells.
	deflate: async (body, options) => await (((body[0] ?? 0) & 0x0f) === 8 ? inflate : inflateRaw)(body, options),
	br: promisify(zlib.brotliDecompress),
	...('zstdDecompress' in zlib && { zstd: promisify(zlib.zstdDecompress) }),
};

/** For `accept-encoding`: what this Node can decode. */
export const ACCEPTED_ENCODINGS = ['gzip', 'deflate', 'br', 'zstd'].filter((name) => name in DECODERS).join(', ');

const { MAX_LENGTH } = constants;

/** More than any server needs; each layer multiplies what a bomb can do. */
const MAX_LAYERS = 3;

interface Encoded {
	headers: Record<string, string | string[]>;
	body: Buffer;
}

/**
 * Decodes a body, and removes the headers that spoke of its encoded form. An encoding that is not
 * known leaves all as it was. Throws ResponseTooLargeError; NetworkError where the data ends early,
 * for another attempt may bring all of it; MalformedAnswerError where it is not in the named
 * encoding at all, for that is how the server is.
 */
export async function decoded<T extends Encoded>(response: T, maxBytes: number, where: string): Promise<T> {
	const encodings = String(response.headers['content-encoding'] ?? '')
		.toLowerCase()
		.split(',')
		.map((name) => name.trim())
		.filter((name) => name !== '' && name !== 'identity');
	const decoders = encodings.map((name) => (Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined));
	if (decoders.length === 0 || decoders.length > MAX_LAYERS || response.body.length === 0) return response;
	if (decoders.includes(undefined)) return response;

	let { body } = response;
	const options = { maxOutputLength: Math.min(maxBytes, MAX_LENGTH) };
	try {
		for (const decode of decoders.reverse()) {
			if (decode) body = await decode(body, options);
		}
	} catch (error) {
		throw decodeFailure(error, encodings.join(', '), maxBytes, where);
	}
	const headers = { ...response.headers };
	delete headers['content-encoding'];
	delete headers['content-length'];
	return { ...response, headers, body };
}

function decodeFailure(cause: unknown, encoding: string, maxBytes: number, where: string): Error {
	const systemCode = systemCodeOf(cause);
	if (systemCode === 'ERR_BUFFER_TOO_LARGE') return new ResponseTooLargeError(maxBytes);
	if (systemCode === 'Z_BUF_ERROR') {
		return new NetworkError(`The response from ${where} is cut short: its ${encoding} content is not complete`, {
			systemCode,
			unprocessed: false,
			cause,
		});
	}
	return new MalformedAnswerError(`The response from ${where} is not in the encoding that it names, ${encoding}`, { cause });
}
