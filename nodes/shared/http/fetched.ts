import { newTrace, type CallTrace } from '../../../lib/core/trace';
import type { HttpResponse } from '../../../lib/http';

/** A response with the account of its call. */
export interface Fetched {
	readonly response: HttpResponse;
	readonly trace: CallTrace;
	/** One of several of an item. */
	readonly isPage: boolean;
}

const VERSION = 1;
const NO_TIMES: HttpResponse['timings'] = { waitedMs: 0, connectMs: 0, firstByteMs: 0, totalMs: 0 };

/** What is needed to show a response again; its body stands behind. */
interface Head {
	readonly response: Pick<HttpResponse, 'status' | 'statusMessage' | 'headers' | 'url' | 'redirects'>;
	readonly isPage: boolean;
	readonly bytes: number;
}

/** `[length of the head][head as JSON][bodies]` */
export function packFetched(fetched: readonly Fetched[]): Buffer {
	const answers = fetched.map(({ response, isPage }): Head => {
		const { status, statusMessage, headers, url, redirects, body } = response;
		return { response: { status, statusMessage, headers, url, redirects }, isPage, bytes: body.length };
	});
	const head = Buffer.from(JSON.stringify({ v: VERSION, answers }));
	const length = Buffer.alloc(4);
	length.writeUInt32BE(head.length);
	return Buffer.concat([length, head, ...fetched.map(({ response }) => response.body)]);
}

/** Undefined for what another version wrote, or what was cut short. */
export function unpackFetched(packed: Buffer): Fetched[] | undefined {
	try {
		let at = 4 + packed.readUInt32BE(0);
		const { v, answers } = JSON.parse(packed.toString('utf8', 4, at)) as { v: unknown; answers: Head[] };
		if (v !== VERSION) return undefined;
		const fetched = answers.map(({ response, isPage, bytes }): Fetched => {
			const body = packed.subarray(at, (at += bytes));
			return { response: { ...response, body, connectionReused: null, timings: NO_TIMES }, trace: { ...newTrace(), journal: true }, isPage };
		});
		return at === packed.length ? fetched : undefined;
	} catch {
		return undefined;
	}
}
