/** Runs n8n's own HTTP Request and Pooled HTTP on the same parameters and input, and says what each gave and what each sent. */
import { createRequire } from 'node:module';
import path from 'node:path';
import { expect } from 'vitest';
import type { IncomingHttpHeaders } from 'node:http';
import type { INode, INodeExecutionData, INodeType, VersionedNodeType } from 'n8n-workflow';
import { ensureN8n } from '../n8n/install.mjs';
import { createEngine, type Engine, type RunResult } from './engine.mts';
import { NODE, runHttp, type HttpRun } from './http-node.mts';
import { startServer, type Answer, type TestServer } from './with-server.mts';

const THEIRS = 'n8n-nodes-base.httpRequest';
const OURS = 'n8n-nodes-fastpath.pooledHttp';

export const VERSIONS = [4, 4.1, 4.2, 4.3, 4.4, 4.5];

export interface Sent {
	method: string;
	url: string;
	headers: IncomingHttpHeaders;
	body: string;
}

export interface Side {
	items: INodeExecutionData[];
	/** Items of the error output. */
	failed: INodeExecutionData[];
	error: string | undefined;
	sent: Sent[];
	result: RunResult;
}

export interface Pair {
	theirs: Side;
	ours: Side;
}

export interface Both extends Pick<HttpRun, 'credential'> {
	parameters: Record<string, unknown>;
	typeVersion?: number;
	node?: Partial<INode>;
	input?: Array<Record<string, unknown>>;
}

export interface Arena {
	readonly server: TestServer;
	readonly engine: Engine;
	both(request: Both): Promise<Pair>;
	/** Pooled HTTP alone. */
	ours(request: Both): Promise<Side>;
	close(): Promise<void>;
}

/** Tools differ from nodes by what they show for their name; here they keep the input and output of a node. */
async function nodeTypes(asTool: boolean): Promise<Record<string, INodeType>> {
	const theirs = await httpRequestNode();
	if (!asTool) return { [THEIRS]: theirs as unknown as INodeType };
	for (const version of Object.values(theirs.nodeVersions)) renamed(version);
	return { [`${THEIRS}Tool`]: theirs, [`${OURS}Tool`]: renamed(ours()) } as unknown as Record<string, INodeType>;
}

function renamed<T extends INodeType>(node: T): T {
	node.description = { ...node.description, name: `${node.description.name}Tool` };
	return node;
}

function ours(): INodeType {
	const require = createRequire(import.meta.url);
	const { PooledHttp } = require('../../dist/nodes/PooledHttp/PooledHttp.node.js') as { PooledHttp: new () => INodeType };
	return new PooledHttp();
}

/** n8n's HTTP Request, from the n8n that the end-to-end tests run; installed where it is missing. */
async function httpRequestNode(): Promise<VersionedNodeType> {
	const program = await ensureN8n();
	const modules = path.resolve(program, '../../..');
	const require = createRequire(path.join(modules, 'n8n', 'package.json'));
	const loaded = require(path.join(modules, 'n8n-nodes-base/dist/nodes/HttpRequest/HttpRequest.node.js')) as { HttpRequest: new () => VersionedNodeType };
	return new loaded.HttpRequest();
}

/** A server with the given answers, and both nodes on one engine. */
export async function openArena(answer: Answer, { asTool = false } = {}): Promise<Arena> {
	const engine = await createEngine({ nodeTypes: await nodeTypes(asTool) });
	const suffix = asTool ? 'Tool' : '';
	let log: Sent[] = [];
	const server = await startServer((request, response, body) => {
		const { method = '', url = '', headers } = request;
		log.push({ method, url, headers, body: body.toString('latin1') });
		answer(request, response, body);
	});
	const side = async (type: string, { parameters, typeVersion = 4.5, node, input, credential }: Both): Promise<Side> => {
		log = [];
		const result = await runHttp({
			engine,
			parameters: structuredClone({ ...parameters, options: { ...PLAIN, ...(parameters.options as object | undefined) } }),
			node: { type, typeVersion, ...node },
			...(input ? { input: structuredClone(input) } : {}),
			...(credential ? { credential } : {}),
		});
		const data = result.nodes[NODE]?.at(-1)?.data ?? [];
		return { items: data[0] ?? [], failed: data[1] ?? [], error: result.error?.message, sent: log, result };
	};
	return {
		server,
		engine,
		ours: async (request) => await side(OURS + suffix, request),
		both: async (request) => ({ theirs: await side(THEIRS + suffix, request), ours: await side(OURS + suffix, request) }),
		close: async () => await server.close(),
	};
}

/** Headers that say how a message travels, or when it was made, and differ between any two clients. */
const OF_THE_WAY = ['accept-encoding', 'connection', 'keep-alive', 'transfer-encoding', 'date', 'host'];

/** What a server received, without what may differ. The boundary of a multipart body is the sender's choice. */
export function received(sent: readonly Sent[]): Sent[] {
	return sent.map(({ method, url, headers, body }) => {
		const boundary = /boundary=(\S+)/.exec(headers['content-type'] ?? '')?.[1];
		const same = (text: string) => (boundary === undefined ? text : text.replaceAll(boundary, 'BOUNDARY'));
		const isFraming = (name: string) => OF_THE_WAY.includes(name) || (name === 'content-length' && (body === '' || boundary !== undefined));
		const kept = Object.entries(headers).filter(([name]) => !isFraming(name));
		return { method, url, headers: Object.fromEntries(kept.map(([name, value]) => [name, same(String(value))])), body: same(body) };
	});
}

/** Facts of the connection among the response headers, and what only a debugger reads. */
const NOT_SEEN = ['date', 'connection', 'keep-alive', 'stack'];

/** Items as the next node sees them. */
export const seen = (items: readonly INodeExecutionData[]): unknown =>
	JSON.parse(JSON.stringify(items.map(({ json, binary, pairedItem }) => ({ json, binary, pairedItem })), (key, value: unknown) => (NOT_SEEN.includes(key) ? undefined : value)));

/** Both nodes ended alike: the same items on both outputs, and the same requests at the server. */
export function expectSame({ theirs, ours }: Pair): void {
	expect(seen(ours.items)).toEqual(seen(theirs.items));
	expect(seen(ours.failed)).toEqual(seen(theirs.failed));
	expect(received(ours.sent)).toEqual(received(theirs.sent));
	expect(ours.error === undefined).toBe(theirs.error === undefined);
}

/** Retries and the circuit are ours alone; without them what is left must be the same. */
export const PLAIN = { maxRetries: 0, circuitBreaker: false };
