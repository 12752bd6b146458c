import { promisify } from 'node:util';
import * as zlib from 'node:zlib';

import type { HttpRequest, HttpResponse } from './transport';

export const BODY_ENCODINGS = ['br', 'gzip', 'zstd'] as const;

export type BodyEncoding = (typeof BODY_ENCODINGS)[number];

export interface Compression {
	readonly encoding: BodyEncoding;
	/** Smaller bodies are sent as they are. */
	readonly minBytes: number;
}

type Encoder = (body: Uint8Array) => Promise<Buffer>;

const gzip: Encoder = promisify(zlib.gzip);
const brotli: (body: Uint8Array, options: zlib.BrotliOptions) => Promise<Buffer> = promisify(zlib.brotliCompress);
/** The default of 11 takes a hundred times as long for a tenth less. */
const BROTLI_QUALITY = 5;

const ENCODERS: Readonly<Partial<Record<BodyEncoding, Encoder>>> = {
	br: async (body) => await brotli(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
	gzip,
	...('zstdCompress' in zlib && { zstd: promisify(zlib.zstdCompress) as Encoder }),
};

/** Zstandard came with Node.js 22.15. */
export function canEncode(encoding: BodyEncoding): boolean {
	return ENCODERS[encoding] !== undefined;
}

/** RFC 9110 section 15.5.16 for an encoding that is not taken; servers that do not look at it find the content bad. */
const REFUSALS = new Set([400, 415]);
const MAX_REMEMBERED = 500;
/** They speak for the body as it is: its encoding, or a digest that the server compares or that is signed. */
const OF_THE_BYTES = new Set(['content-digest', 'content-encoding', 'content-md5', 'digest', 'x-amz-content-sha256']);

/** Sends bodies compressed, and remembers the origins that do not take them. */
export class BodyCompressor {
	/** Oldest first. */
	readonly #refusing = new Set<string>();

	/**
	 * Sends the request by `send`, compressed where that is wished for and makes the body smaller. A
	 * refusal is answered once with the body as it is; an origin that takes it then is not tried again.
	 */
	async send(
		request: HttpRequest,
		compression: Compression | undefined,
		send: (request: HttpRequest) => Promise<HttpResponse>,
	): Promise<HttpResponse> {
		const compressed = compression && (await this.#compressed(request, compression));
		if (!compressed) return await send(request);
		const response = await send(compressed);
		if (!REFUSALS.has(response.status)) return response;
		const plain = await send(request);
		if (!REFUSALS.has(plain.status)) this.#remember(new URL(request.url).origin);
		return plain;
	}

	async #compressed(request: HttpRequest, { encoding, minBytes }: Compression): Promise<HttpRequest | undefined> {
		const encode = ENCODERS[encoding];
		if (!encode || request.body === undefined || this.#refusing.has(new URL(request.url).origin)) return undefined;
		if (Object.keys(request.headers).some((name) => OF_THE_BYTES.has(name.toLowerCase()))) return undefined;
		const body = typeof request.body === 'string' ? Buffer.from(request.body) : request.body;
		if (body.byteLength === 0 || body.byteLength < minBytes) return undefined;
		const smaller = await encode(body);
		if (smaller.byteLength >= body.byteLength) return undefined;
		return { ...request, body: smaller, headers: { ...request.headers, 'content-encoding': encoding } };
	}

	#remember(origin: string): void {
		this.#refusing.delete(origin);
		this.#refusing.add(origin);
		if (this.#refusing.size <= MAX_REMEMBERED) return;
		for (const oldest of this.#refusing) {
			this.#refusing.delete(oldest);
			return;
		}
	}
}
