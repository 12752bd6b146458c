import { MalformedAnswerError } from '../core/errors';
import { requireText } from '../core/validate';
import type { WireRequest } from './provider';

/** The providers' own words, brought together. The last four are ends: nothing more comes after them. */
export const BATCH_STATES = ['queued', 'in_progress', 'finalizing', 'completed', 'failed', 'expired', 'cancelled'] as const;

export type BatchState = (typeof BATCH_STATES)[number];

/** A provider's account of a batch. Times are ISO 8601 in UTC; null where the provider does not say. */
export interface ProviderBatch {
	readonly id: string;
	readonly state: BatchState;
	/** Requests; `failed` are also those that expired or were cancelled. Some providers count only at the end. */
	readonly counts: { readonly total: number; readonly completed: number; readonly failed: number };
	readonly createdAt: string | null;
	readonly expiresAt: string | null;
	readonly endedAt: string | null;
	/** Why the batch failed as a whole; empty where it did not. */
	readonly message: string;
}

/** What became of one request: the body of its answer, as of a single call, or why there is none. */
export type BatchResult = { readonly id: string } & (
	| { readonly state: 'completed'; readonly body: unknown }
	/** The status and body that a single call would have failed with. */
	| { readonly state: 'failed'; readonly status: number; readonly body: unknown }
	| { readonly state: 'expired' | 'cancelled' }
);

export interface NewBatch {
	/** Made by `entry`. */
	readonly entries: readonly string[];
	/** What `upload` was answered with, for providers that have it. */
	readonly fileId: string;
	readonly model: string;
	/** Shown by the provider; letters and digits. */
	readonly name: string;
}

/** The part of a provider's wire format that is about batches. Pure, as the rest. */
export interface BatchFormat {
	readonly limits: { readonly maxRequests: number; readonly maxBytes: number };
	/** One request, as it stands in the batch: `json` is the body of a single call. `id` are up to 64 letters, digits, `_` and `-`. */
	entry(id: string, json: string): string;
	/** For providers that want the requests as a file first. */
	readonly upload?: {
		request(batch: Pick<NewBatch, 'entries' | 'name'>): WireRequest;
		/** @throws {MalformedAnswerError} if no file is named */
		parse(body: unknown): string;
	};
	create(batch: NewBatch): WireRequest;
	/** For providers that tell of the batches there are with their names: the latest ones. */
	readonly list?: {
		readonly request: WireRequest;
		parse(body: unknown): ReadonlyArray<{ readonly name: string; readonly batch: ProviderBatch }>;
	};
	get(batchId: string): WireRequest;
	cancel(batchId: string): WireRequest;
	/** @throws {MalformedAnswerError} if it is not a batch */
	parse(body: unknown): ProviderBatch;
	/** Where the results of an ended batch are: in files of JSON lines to be read, or in the batch itself. */
	results(body: unknown): { readonly files: readonly WireRequest[]; readonly inline: readonly unknown[] };
	/** One line of such a file, or one member of the list; undefined for what is none. */
	parseResult(line: unknown): BatchResult | undefined;
}

export function isOver(state: BatchState): boolean {
	return state === 'completed' || state === 'failed' || state === 'expired' || state === 'cancelled';
}

/** For a path: the last part of `batches/abc`, and of what has no parts all of it. */
export function batchPath(batchId: string): string {
	return encodeURIComponent(requireText('Batch ID', batchId).trim().split('/').at(-1) ?? '');
}

export function requireBatchId(id: string): string {
	if (id !== '') return id;
	throw new MalformedAnswerError('The AI provider answered without a batch: its ID is missing');
}

/** Of seconds since the epoch, or of a time that is text already. */
export function isoTime(value: unknown): string | null {
	const ms = typeof value === 'number' && value > 0 ? value * 1000 : typeof value === 'string' ? Date.parse(value) : NaN;
	return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}

/** The lines of a file of JSON lines, one after the other. What is not JSON is left out. */
export function* jsonLines(file: Uint8Array): Generator<unknown> {
	const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
	for (let start = 0; start < bytes.length; ) {
		const end = bytes.indexOf(10, start);
		const stop = end === -1 ? bytes.length : end;
		try {
			yield JSON.parse(bytes.toString('utf8', start, stop)) as unknown;
		} catch {
			// An empty last line, or one that was cut off.
		}
		start = stop + 1;
	}
}

export interface BatchBounds {
	readonly maxRequests: number;
	readonly maxBytes: number;
	/** Estimated tokens of input. */
	readonly maxTokens?: number | undefined;
}

/** In order, each as full as the bounds allow. What is too large by itself is alone. */
export function splitBatch<T extends { readonly bytes: number; readonly tokens: number }>(requests: readonly T[], bounds: BatchBounds): T[][] {
	const { maxRequests, maxBytes, maxTokens = Infinity } = bounds;
	const batches: T[][] = [];
	let held = { requests: Infinity, bytes: 0, tokens: 0 };
	for (const request of requests) {
		const bytes = held.bytes + request.bytes;
		const tokens = held.tokens + request.tokens;
		if (held.requests < maxRequests && bytes <= maxBytes && tokens <= maxTokens) {
			batches.at(-1)?.push(request);
			held = { requests: held.requests + 1, bytes, tokens };
		} else {
			batches.push([request]);
			held = { requests: 1, bytes: request.bytes, tokens: request.tokens };
		}
	}
	return batches;
}
