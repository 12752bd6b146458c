/**
 * What it costs to compress an answer for a shared store, and what that saves. Answers are cut from the prose of this repository's own
 * pages, in the envelope that a store keeps them in; embeddings are random vectors.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as zlib from 'node:zlib';
import { seeded, type Seeded } from '../../test/helpers/seeded.mts';
import type { Bench } from '../harness/bench.mts';
import { quantile } from '../harness/stats.mts';

const SIZES = [400, 1000, 4000, 64_000];
const root = path.resolve(import.meta.dirname, '../..');

type Method = readonly [compress: (bytes: Buffer) => Buffer, decompress: (bytes: Buffer) => Buffer];

const zstd = (level: number): Method => [(bytes) => zlib.zstdCompressSync(bytes, { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } }), (bytes) => zlib.zstdDecompressSync(bytes)];
const brotli = (quality: number): Method => [(bytes) => zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: quality } }), (bytes) => zlib.brotliDecompressSync(bytes)];
const METHODS: Readonly<Record<string, Method>> = {
	'Zstandard 1': zstd(1),
	'Zstandard 3': zstd(3),
	'gzip 1': [(bytes) => zlib.gzipSync(bytes, { level: 1 }), (bytes) => zlib.gunzipSync(bytes)],
	'gzip 6': [(bytes) => zlib.gzipSync(bytes), (bytes) => zlib.gunzipSync(bytes)],
	'Brotli 1': brotli(1),
	'Brotli 5': brotli(5),
};

export default async function bytes(bench: Bench): Promise<void> {
	const random = seeded(3);
	const prose = ['.', 'docs'].flatMap((folder) => readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md')).map((name) => readFileSync(path.join(root, folder, name), 'utf8'))).join('\n');
	const samples = bench.pick({ smoke: 2, default: 50, full: 200 });
	const subjects: Array<readonly [string, () => Buffer]> = [
		...SIZES.map((size) => [`answer of ${size.toLocaleString('en-US')} characters`, () => answer(prose, size, random)] as const),
		['embedding of 1,536 numbers', () => embedding(random)],
	];
	for (const [index, [title, make]] of subjects.entries()) {
		const all = Array.from({ length: samples }, make);
		const size = all.reduce((sum, one) => sum + one.length, 0);
		await bench.compare({ id: `subject-${index}`, title, unit: 'µs to compress' }, Object.entries(METHODS).map(([name, [compress, decompress]]) => ({
			name,
			round: async () => {
				const packing: number[] = [];
				const unpacking: number[] = [];
				let left = 0;
				for (const one of all) {
					const from = performance.now();
					const packed = compress(one);
					const between = performance.now();
					decompress(packed);
					unpacking.push((performance.now() - between) * 1000);
					packing.push((between - from) * 1000);
					left += packed.length;
				}
				return { value: quantile(packing, 0.5), also: { 'µs to read': quantile(unpacking, 0.5), '% of the bytes': (100 * left) / size } };
			},
		})));
	}
}

function answer(prose: string, characters: number, random: Seeded): Buffer {
	const start = random.int(prose.length - characters);
	const text = prose.slice(start, start + characters);
	const usage = { inputTokens: 400 + random.int(900), outputTokens: Math.ceil(characters / 4) };
	const value = { text, model: 'gpt-4o-mini-2024-07-18', finishReason: 'stop', usage, costUsd: usage.inputTokens * 1.5e-7 };
	return Buffer.from(JSON.stringify({ value: { v: 1, value, storedAt: 1767225600000, ttlMs: 1800000, keepMs: 3600000 }, expires: 1767229200000 }));
}

function embedding(random: Seeded): Buffer {
	return Buffer.from(JSON.stringify({ embedding: Array.from({ length: 1536 }, () => Number((random.next() / 10 - 0.05).toFixed(8))) }));
}
