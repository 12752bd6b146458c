// What it costs to compress an answer for a shared store, and what that saves: `node24 bench/stored-bytes.mts`.
// Answers are cut from the prose of this repository's own pages, in the envelope that a store keeps them in; embeddings are random vectors.
// Printed per size and method: bytes left in percent, microseconds to compress and to decompress one (median).
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { seeded } from '../test/helpers/seeded.mts';

const ROUNDS = 200;
const root = path.resolve(import.meta.dirname, '..');
const pages = ['.', 'docs'].flatMap((folder) =>
	readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => path.join(root, folder, name)),
);
const prose = pages.map((page) => readFileSync(page, 'utf8')).join('\n');
const random = seeded(3);

function answer(characters: number): Buffer {
	const start = random.int(prose.length - characters);
	const text = prose.slice(start, start + characters);
	const usage = { inputTokens: 400 + random.int(900), outputTokens: Math.ceil(characters / 4) };
	const value = { text, model: 'gpt-4o-mini-2024-07-18', finishReason: 'stop', usage, costUsd: usage.inputTokens * 1.5e-7 };
	return Buffer.from(JSON.stringify({ value: { v: 1, value, storedAt: 1767225600000, ttlMs: 1800000, keepMs: 3600000 }, expires: 1767229200000 }));
}

function embedding(): Buffer {
	return Buffer.from(JSON.stringify({ embedding: Array.from({ length: 1536 }, () => Number((random.next() / 10 - 0.05).toFixed(8))) }));
}

const zstd = (level: number) => ({ params: { [zlib.constants.ZSTD_c_compressionLevel]: level } });
const brotli = (quality: number) => ({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: quality } });
const METHODS: Record<string, [(bytes: Buffer) => Buffer, (bytes: Buffer) => Buffer]> = {
	'zstd 1': [(bytes) => zlib.zstdCompressSync(bytes, zstd(1)), (bytes) => zlib.zstdDecompressSync(bytes)],
	'zstd 3': [(bytes) => zlib.zstdCompressSync(bytes, zstd(3)), (bytes) => zlib.zstdDecompressSync(bytes)],
	'gzip 1': [(bytes) => zlib.gzipSync(bytes, { level: 1 }), (bytes) => zlib.gunzipSync(bytes)],
	'gzip 6': [(bytes) => zlib.gzipSync(bytes), (bytes) => zlib.gunzipSync(bytes)],
	'deflate 6': [(bytes) => zlib.deflateRawSync(bytes), (bytes) => zlib.inflateRawSync(bytes)],
	'brotli 1': [(bytes) => zlib.brotliCompressSync(bytes, brotli(1)), (bytes) => zlib.brotliDecompressSync(bytes)],
	'brotli 4': [(bytes) => zlib.brotliCompressSync(bytes, brotli(4)), (bytes) => zlib.brotliDecompressSync(bytes)],
	'brotli 5': [(bytes) => zlib.brotliCompressSync(bytes, brotli(5)), (bytes) => zlib.brotliDecompressSync(bytes)],
};
const SUBJECTS: Array<[string, () => Buffer]> = [
	...[100, 400, 1000, 4000, 16_000, 64_000].map((size): [string, () => Buffer] => [`answer of ${size}`, () => answer(size)]),
	['embedding', embedding],
];

console.log(`${'what'.padEnd(16)} ${'bytes'.padStart(6)}  ${Object.keys(METHODS).map((name) => name.padStart(17)).join('')}`);
for (const [name, make] of SUBJECTS) {
	const samples = Array.from({ length: ROUNDS }, make);
	const cells = Object.values(METHODS).map(([compress, decompress]) => {
		const packing: number[] = [];
		const unpacking: number[] = [];
		let left = 0;
		let whole = 0;
		for (const sample of samples) {
			const from = performance.now();
			const packed = compress(sample);
			const between = performance.now();
			decompress(packed);
			unpacking.push(performance.now() - between);
			packing.push(between - from);
			left += packed.length;
			whole += sample.length;
		}
		return `${((100 * left) / whole).toFixed(0)} % ${median(packing)}/${median(unpacking)}`.padStart(17);
	});
	console.log(`${name.padEnd(16)} ${String(samples[0]?.length).padStart(6)}  ${cells.join('')}`);
}

/** Microseconds. */
function median(times: number[]): string {
	times.sort((a, b) => a - b);
	return ((times[Math.floor(times.length / 2)] ?? NaN) * 1000).toFixed(0);
}
