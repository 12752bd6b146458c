import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import type { SealKey } from './seal-key';

/** Of a smaller answer the decompression would be most of what reading it takes, to save some 400 bytes (`npm run bench -- store-bytes`). */
const COMPRESS_FROM_BYTES = 1024;
/** Of the same bench: no other method is faster from there on, and the higher levels save little more. */
const LEVEL = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_checksumFlag]: 1 } };
/** More than that is compressed beside the thread of everybody. */
const ASIDE_FROM_BYTES = 65_536;
/** Of what comes out, however little goes in. */
const MAX_BYTES = 8 * 1_048_576;
const LARGEST_WINDOW = 23;
const SIZE_BYTES = 4;

const MAGIC = 0xfa;
/** Raised with every incompatible change. */
const VERSION = 1;
const HEAD_BYTES = 3;
const COMPRESSED = 1;
const ENCRYPTED = 2;

const compressAside: (bytes: Buffer, options: zlib.ZstdOptions) => Promise<Buffer> = promisify(zlib.zstdCompress);
const decompressAside: (bytes: Buffer, options: zlib.ZstdOptions) => Promise<Buffer> = promisify(zlib.zstdDecompress);

/**
 * Bytes as they lie in a store: mark, version, what was done to them, and then they themselves, compressed with Zstandard where that
 * makes them smaller, and encrypted where there is a key. `place` says where they lie: elsewhere they cannot be opened.
 * Undefined where they are too large to be opened again.
 */
export async function seal(bytes: Buffer, place: string, key?: SealKey): Promise<Buffer | undefined> {
	if (bytes.length > MAX_BYTES) return undefined;
	const compressed = bytes.length >= COMPRESS_FROM_BYTES ? await compress(bytes) : bytes;
	const isSmaller = compressed.length < bytes.length;
	const head = Buffer.from([MAGIC, VERSION, (isSmaller ? COMPRESSED : 0) | (key ? ENCRYPTED : 0)]);
	const body = isSmaller ? compressed : bytes;
	return Buffer.concat([head, key ? key.encrypt(body, boundTo(head, place)) : body]);
}

/** A promise only where it is opened beside the thread of everybody: of many small ones, each would cost a turn of its own. */
export type Opened = Buffer | undefined | Promise<Buffer | undefined>;

/**
 * What was sealed at that place. Undefined where it was not: bytes of somebody else, of another version, place or key, not
 * encrypted though there is a key, cut short, changed, or larger than anything that is sealed.
 */
export function open(envelope: Buffer, place: string, keys: readonly SealKey[] = []): Opened {
	const done = envelope[2];
	if (envelope[0] !== MAGIC || envelope[1] !== VERSION || done === undefined || done > (COMPRESSED | ENCRYPTED)) return undefined;
	const isEncrypted = (done & ENCRYPTED) !== 0;
	if (isEncrypted !== keys.length > 0) return undefined;
	const sealed = envelope.subarray(HEAD_BYTES);
	const body = isEncrypted ? keys.find((key) => key.isOf(sealed))?.decrypt(sealed, boundTo(envelope.subarray(0, HEAD_BYTES), place)) : sealed;
	return body && (done & COMPRESSED) !== 0 ? decompress(body) : body;
}

/** The size, which tells whether all of it came out again, and what is left of it. */
async function compress(bytes: Buffer): Promise<Buffer> {
	const size = Buffer.alloc(SIZE_BYTES);
	size.writeUInt32BE(bytes.length);
	return Buffer.concat([size, bytes.length >= ASIDE_FROM_BYTES ? await compressAside(bytes, LEVEL) : zlib.zstdCompressSync(bytes, LEVEL)]);
}

function decompress(compressed: Buffer): Opened {
	if (compressed.length < SIZE_BYTES) return undefined;
	const size = compressed.readUInt32BE();
	if (size > MAX_BYTES) return undefined;
	const rest = compressed.subarray(SIZE_BYTES);
	// One piece of memory for all that comes out; one that it fills to the last byte would be followed by another.
	const options = { maxOutputLength: size, chunkSize: Math.max(zlib.constants.Z_MIN_CHUNK, size + 1), params: { [zlib.constants.ZSTD_d_windowLogMax]: LARGEST_WINDOW } };
	const whole = (bytes: Buffer) => (bytes.length === size ? bytes : undefined);
	if (size >= ASIDE_FROM_BYTES) return decompressAside(rest, options).then(whole, () => undefined);
	try {
		return whole(zlib.zstdDecompressSync(rest, options));
	} catch {
		return undefined;
	}
}

function boundTo(head: Buffer, place: string): Buffer {
	return Buffer.concat([head, Buffer.from(place)]);
}
