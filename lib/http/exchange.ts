import { MalformedAnswerError, ResponseTooLargeError } from '../core/errors';
import { abortReason } from '../core/signal';

import type { Clock } from '../core/clock';
import type { Dispatcher } from '../vendor';
import type { Connection } from './connection';

export interface RawResponse {
	status: number;
	statusMessage: string;
	headers: Record<string, string | string[]>;
	body: Buffer;
	firstByteAt: number;
}

/**
 * One request on one connection, and its response as a whole. Rejects with what undici reported, or
 * with one of our errors; `sent` and `answered` then say how far it came.
 */
export class Exchange implements Dispatcher.DispatchHandler {
	/** Writing began: from here on the server may have seen the request. */
	sent = false;
	/** A byte of a response came. */
	answered = false;

	#controller: Dispatcher.DispatchController | undefined;
	#resolve: (response: RawResponse) => void = () => {};
	#reject: (error: unknown) => void = () => {};
	#settled = false;
	#status = 0;
	#statusMessage = '';
	#headers: Record<string, string | string[]> = {};
	#chunks: Buffer[] = [];
	#size = 0;
	#firstByteAt = 0;

	constructor(
		private readonly connection: Connection,
		private readonly maxBytes: number,
		private readonly signal: AbortSignal,
		private readonly clock: Clock,
	) {}

	run(options: Dispatcher.DispatchOptions): Promise<RawResponse> {
		return new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
			if (this.signal.aborted) return this.onResponseError(undefined, abortReason(this.signal));
			this.signal.addEventListener('abort', this, { once: true });
			this.connection.client.dispatch(options, this);
		});
	}

	/** The signal aborted. */
	handleEvent(): void {
		this.#fail(abortReason(this.signal));
	}

	onRequestStart(controller: Dispatcher.DispatchController): void {
		if (this.#settled) return controller.abort(abortReason(this.signal));
		this.#controller = controller;
		this.sent = true;
	}

	onResponseStarted(): void {
		this.answered = true;
	}

	onResponseStart(
		_controller: Dispatcher.DispatchController,
		status: number,
		headers: Record<string, string | string[] | undefined>,
		statusMessage = '',
	): void {
		this.answered = true;
		// 1xx: the final response is still to come (RFC 9110 section 15.2).
		if (status < 200) return;
		this.#firstByteAt = this.clock.now();
		this.#status = status;
		this.#statusMessage = statusMessage;
		this.#headers = headers as Record<string, string | string[]>;
	}

	onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
		if (this.#settled) return;
		this.#size += chunk.length;
		// The announced length is compared first, so that a giant is refused at its first bytes.
		if (this.#size > this.maxBytes || Number(this.#headers['content-length']) > this.maxBytes) {
			return this.#fail(new ResponseTooLargeError(this.maxBytes));
		}
		this.#chunks.push(chunk);
	}

	onResponseEnd(): void {
		if (this.#status === 0) return this.#fail(new MalformedAnswerError('The response has no status'));
		if (!this.#settle()) return;
		this.connection.learn(this.#headers['keep-alive']);
		this.#resolve({
			status: this.#status,
			statusMessage: this.#statusMessage,
			headers: this.#headers,
			body: join(this.#chunks, this.#size),
			firstByteAt: this.#firstByteAt,
		});
	}

	onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
		if (this.#settle()) this.#reject(error);
	}

	/** Ends the request from our side: a multiplexed stream alone, otherwise with the socket. */
	#fail(error: Error): void {
		if (!this.#settle()) return;
		this.#chunks = [];
		this.#reject(error);
		if (this.#controller) this.#controller.abort(error);
		else if (this.connection.capacity === 1) this.connection.destroy();
	}

	#settle(): boolean {
		if (this.#settled) return false;
		this.#settled = true;
		this.signal.removeEventListener('abort', this);
		return true;
	}
}

/** A small piece is copied: it would keep alive the whole of the socket's read buffer. */
function join(chunks: Buffer[], size: number): Buffer {
	const [only] = chunks;
	if (chunks.length === 1 && only && size * 2 >= only.buffer.byteLength) return only;
	return Buffer.concat(chunks, size);
}
