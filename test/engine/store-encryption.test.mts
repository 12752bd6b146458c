import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { aiWorkflow, answers, MODELS } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

const SECRET = { encryptionSecret: 'a-secret-for-these-tests' };
const PROMPT = 'marzipan zeppelin cucumber';
const FOLDER = path.join(process.env.N8N_USER_FOLDER ?? '', '.n8n', 'fastpath', 'encryption');

async function ask(store: Record<string, unknown>): Promise<Record<string, unknown>> {
	const workflow = aiWorkflow({ workflowId: 'one-workflow', parameters: { prompt: `tag this package: ${PROMPT}`, store: 'shared', options: { includeTrace: true } } });
	const result = await engine.run({
		workflow: {
			...workflow,
			nodes: workflow.nodes.map((node) =>
				node.credentials ? { ...node, credentials: { ...node.credentials, fastpathStoreApi: { id: 'store-1', name: 'store' } } } : node,
			),
		},
		credentials: [
			{ name: 'key', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1` } },
			{ name: 'store', type: 'fastpathStoreApi', data: store },
		],
	});
	expect(result.error).toBeUndefined();
	const [answer = {}] = answers(result);
	return answer;
}

/** Asks with an empty memory, as another process would. */
async function askAnew(store: Record<string, unknown>): Promise<Record<string, unknown>> {
	await getRuntime().store.clear();
	return await ask(store);
}

/** All bytes of all files in a folder and below. */
function bytesOf(folder: string): Buffer {
	const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
	return Buffer.concat(files.map((file) => readFileSync(path.join(file.parentPath, file.name))));
}

/** In which forms a text stands in the bytes. Base64 looks different for each place within a group of three. */
function formsOf(text: string, bytes: Buffer): string[] {
	const plain = Buffer.from(text);
	const shifted = [0, 1, 2].map((shift) => {
		const encoded = Buffer.concat([Buffer.alloc(shift), plain]).toString('base64');
		// What the neighbours have a share in is cut off.
		return encoded.slice(Math.ceil((shift * 4) / 3), Math.floor(((shift + plain.length) * 4) / 3));
	});
	const forms: Array<[string, Array<string | Buffer>]> = [
		['plain', [plain]],
		['UTF-16', [Buffer.from(text, 'utf16le')]],
		['hex', [plain.toString('hex'), plain.toString('hex').toUpperCase()]],
		['base64', [...shifted, ...shifted.map((part) => part.replaceAll('+', '-').replaceAll('/', '_'))]],
	];
	return forms.filter(([, parts]) => parts.some((part) => bytes.includes(part))).map(([form]) => form);
}

test.each(['plain', 'UTF-16', 'hex', 'base64'])('what is looked for is found as %s, wherever it stands', (form) => {
	const encodings = { plain: 'utf8', 'UTF-16': 'utf16le', hex: 'hex', base64: 'base64' } as const;
	const encoding = encodings[form as keyof typeof encodings];
	for (const before of ['', 'x', 'xy', 'xyz']) {
		const text = `${before}${PROMPT} and more`;
		const bytes = encoding === 'utf8' || encoding === 'utf16le' ? Buffer.from(text, encoding) : Buffer.from(Buffer.from(text).toString(encoding));
		expect(formsOf(PROMPT, bytes)).toEqual([form]);
	}
});

const stores: Array<{ name: string; settings: () => Record<string, unknown>; dump: () => Promise<Buffer>; skip: boolean }> = [];
let server: RedisServer | undefined;

stores.push({
	name: 'Redis',
	skip: redisIsMissing(),
	settings: () => ({ host: server?.host, port: server?.port, prefix: 'fastpath', database: 0 }),
	// Its log holds every command that changed anything, with all its arguments.
	dump: async () => bytesOf(server?.folder ?? ''),
});
stores.push({
	name: 'a SQLite file',
	skip: false,
	settings: () => ({ type: 'sqlite', file: 'encryption/store.db', maxMegabytes: 16 }),
	dump: async () => bytesOf(FOLDER),
});

beforeAll(async () => {
	if (!redisIsMissing()) server = await RedisServer.start('--appendonly', 'yes', '--appendfsync', 'always', '--aof-use-rdb-preamble', 'no');
});

beforeEach(async () => await getRuntime().store.clear());

afterEach(async () => {
	await getRuntime().sharedStores.dispose();
	rmSync(FOLDER, { recursive: true, force: true });
});

afterAll(async () => await server?.stop());

describe.each(stores)('$name', ({ settings, dump, skip }) => {
	test.skipIf(skip)('shows neither prompt nor answer nor model where there is an encryption key, and answers all the same', async () => {
		const first = await ask({ ...settings(), ...SECRET });
		expect(await askAnew({ ...settings(), ...SECRET })).toMatchObject({ text: first.text, cached: true, _fastpath: { store: 'shared' } });
		const bytes = await dump();
		expect(bytes.length).toBeGreaterThan(500);
		for (const text of [PROMPT, String(first.text), ...PROMPT.split(' '), MODELS.openAi ?? '']) expect([text, formsOf(text, bytes)]).toEqual([text, []]);
	});

	test.skipIf(skip)('shows the answer where there is none: the search finds what is there', async () => {
		const first = await ask(settings());
		expect(formsOf(String(first.text), await dump())).toEqual(['plain']);
	});

	test.skipIf(skip)('answers after a change of the key what was asked before, and nothing to whoever has another one', async () => {
		const first = await ask({ ...settings(), ...SECRET });
		const changed = { ...settings(), encryptionSecret: 'the-one-that-came-after', earlierEncryptionSecrets: SECRET.encryptionSecret };
		expect(await askAnew(changed)).toMatchObject({ text: first.text, cached: true });
		expect(await askAnew({ ...settings(), encryptionSecret: 'one-of-somebody-else' })).toMatchObject({ cached: false });
		expect(await askAnew(settings())).toMatchObject({ cached: false });
	});
});
