import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Effects } from './behaviour.mts';
import type { Reply } from './http.mts';

export interface Sending {
	readonly effects: Effects;
	/** Aborts when the client or the server goes away. */
	readonly signal: AbortSignal;
	/** Called once, when the head is about to be written. */
	onHead(reply: Reply): void;
	/** Called once, before the connection is cut on purpose. */
	onCut(): void;
}

/** As real servers do, small answers are not worth compressing. */
const COMPRESS_FROM_BYTES = 1024;
const COMPRESSIBLE = /^(?:text\/(?!event-stream)|application\/json)/u;
const zip = promisify(gzip);
const brotli = promisify(brotliCompress);
const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

interface Wire {
	readonly headers: Record<string, string>;
	readonly body: Buffer;
}

function plainWire(reply: Reply): Wire {
	const { body } = reply;
	if (body === undefined) return { headers: {}, body: Buffer.alloc(0) };
	if (Buffer.isBuffer(body)) return { headers: {}, body };
	if (typeof body === 'string') return { headers: {}, body: Buffer.from(body) };
	const headers = { 'content-type': 'application/json' };
	return { headers, body: Buffer.from(JSON.stringify(body)) };
}

async function encode(request: IncomingMessage, wire: Wire, type: string): Promise<Wire> {
	if (wire.body.length < COMPRESS_FROM_BYTES || !COMPRESSIBLE.test(type)) return wire;
	const accepted = String(request.headers['accept-encoding'] ?? '');
	const encoding = /\bbr\b/u.test(accepted) ? 'br' : /\bgzip\b/u.test(accepted) ? 'gzip' : undefined;
	if (encoding === undefined) return { ...wire, headers: { ...wire.headers, vary: 'accept-encoding' } };
	const body = encoding === 'br' ? await brotli(wire.body, QUICK) : await zip(wire.body);
	return { headers: { ...wire.headers, 'content-encoding': encoding, vary: 'accept-encoding' }, body };
}

function spoilt(reply: Reply, effects: Effects): Reply {
	if (effects.failure !== undefined) return reply;
	if (effects.hugeBytes > 0) return { status: 200, body: { filler: 'x'.repeat(effects.hugeBytes) } };
	if (!effects.malformedJson) return reply;
	if (reply.frames !== undefined) {
		const half = Math.floor(reply.frames.length / 2);
		const broken = reply.frames[half] ?? '';
		const frames = [...reply.frames.slice(0, half), broken.slice(0, Math.ceil(broken.length / 2))];
		return { ...reply, frames };
	}
	const whole = plainWire(reply).body;
	const headers = { ...reply.headers, 'content-type': 'application/json' };
	return { ...reply, status: 200, headers, body: whole.subarray(0, Math.ceil(whole.length / 2)) };
}

/** Resolves when the signal aborts. */
async function forever(signal: AbortSignal): Promise<void> {
	if (signal.aborted) return;
	await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function cut(response: ServerResponse, sending: Sending): void {
	sending.onCut();
	response.socket?.resetAndDestroy();
}

async function writeFrames(
	response: ServerResponse,
	frames: readonly string[],
	sending: Sending | undefined,
): Promise<void> {
	const half = Math.floor(frames.length / 2);
	for (const [index, frame] of frames.entries()) {
		if (sending?.effects.cut === 'after-headers' && index >= half) return cut(response, sending);
		response.write(frame);
		const pauseMs = sending?.effects.chunkDelayMs ?? 0;
		if (pauseMs > 0) await sleep(pauseMs, undefined, { signal: sending?.signal });
	}
	response.end();
}

/** Sends a reply as the effects have it. Ends quietly when the client goes away meanwhile. */
export async function sendReply(
	request: IncomingMessage,
	response: ServerResponse,
	given: Reply,
	sending?: Sending,
): Promise<void> {
	const effects = sending?.effects;
	const reply = effects === undefined ? given : spoilt(given, effects);
	try {
		await effects?.until;
		const delayMs = (effects?.delayMs ?? 0) + (reply.delayMs ?? 0);
		if (delayMs > 0) await sleep(delayMs, undefined, { signal: sending?.signal });
		if (sending !== undefined && effects?.hang) return await forever(sending.signal);
		if (sending !== undefined && effects?.cut === 'before-headers') return cut(response, sending);
		if (response.destroyed) return;
		if (reply.frames !== undefined) {
			sending?.onHead(reply);
			response.writeHead(reply.status, { 'cache-control': 'no-cache', ...reply.headers });
			return await writeFrames(response, reply.frames, sending);
		}
		const wire = plainWire(reply);
		const type = reply.headers?.['content-type'] ?? wire.headers['content-type'] ?? '';
		const { headers, body } = await encode(request, wire, type);
		sending?.onHead(reply);
		const length = { 'content-length': String(body.length) };
		const bodiless = reply.status === 204 || reply.status === 304;
		response.writeHead(reply.status, { ...headers, ...reply.headers, ...(bodiless ? {} : length) });
		if (sending !== undefined && effects?.cut === 'after-headers') {
			response.write(body.subarray(0, Math.ceil(body.length / 2)), () => cut(response, sending));
			return;
		}
		response.end(bodiless || request.method === 'HEAD' ? undefined : body);
	} catch (error) {
		if (sending?.signal.aborted !== true) throw error;
	}
}
