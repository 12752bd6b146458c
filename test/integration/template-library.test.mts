import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Runtime, type SharedStoreSettings } from '../../lib/runtime/index.ts';
import { toDraft, type Library } from '../../lib/template/index.ts';
import { redisIsMissing, RedisServer } from '../helpers/redis-server.mts';
import { seeded } from '../helpers/seeded.mts';

const draft = (name: string, text: string) => toDraft({ name, text });
const encryption = { secret: 'a-secret-for-this-test', earlier: [] };

/** Each is a process of its own, as far as a library can tell. */
let runtimes: Runtime[] = [];
const library = (settings: SharedStoreSettings): { library: Library; runtime: Runtime } => {
	const runtime = new Runtime();
	runtimes.push(runtime);
	return { runtime, library: runtime.templates.over(runtime.sharedStores.obtain(settings)) };
};

afterEach(async () => {
	await Promise.all(runtimes.map(async (runtime) => await runtime.dispose()));
	runtimes = [];
});

function suite(settings: () => SharedStoreSettings): void {
	test('a change reaches another process, its index, and the answers that came of it', async () => {
		const [one, other] = [library(settings()), library(settings())];
		await one.library.save([draft('greeting', 'Hello {{ name }}'), draft('bye', 'Bye {{ name }}')]);
		await other.library.current();
		expect(other.library.require('greeting').text).toBe('Hello {{ name }}');
		for (const tag of ['template:greeting', 'template:bye']) {
			await other.runtime.store.set(tag, 'an answer', { ttlMs: 60_000, keepMs: 60_000, marks: { workflow: 'w', node: 'n', nodeName: 'N', tags: [tag] } });
		}
		await one.library.save([draft('greeting', 'Good day {{ name }}')]);
		await expect.poll(async () => {
			await other.library.current();
			return other.library.require('greeting').version;
		}, { timeout: 5000, interval: 50 }).toBe('2');
		expect(other.library.find({ tags: [], fields: [], words: ['day'] }, 5).total).toBe(1);
		expect([await other.runtime.store.get('template:greeting'), (await other.runtime.store.get('template:bye'))?.value]).toEqual([undefined, 'an answer']);
		await other.library.delete('bye');
		await expect.poll(async () => {
			await one.library.current();
			return one.library.size;
		}, { timeout: 5000, interval: 50 }).toBe(2);
	});

	test('a thousand templates are there for a process that comes later', async () => {
		const first = library(settings()).library;
		await first.save(Array.from({ length: 1000 }, (_, index) => draft(`many/${index}`, `Text number${index} {{ field }}`)));
		const second = library(settings()).library;
		await second.current();
		expect(second.find({ tags: [], fields: ['field'], words: [] }, 1).total).toBe(1000);
		expect(second.find({ tags: [], fields: [], words: ['number777'] }, 5).templates.map(({ name }) => name)).toEqual(['many/777']);
	});
}

describe('a library in a SQLite file', () => {
	let folder: string;
	beforeAll(() => {
		folder = mkdtempSync(path.join(tmpdir(), 'fastpath-library-'));
	});
	afterAll(() => rmSync(folder, { recursive: true, force: true }));
	suite(() => ({ type: 'sqlite', sqlite: { path: path.join(folder, 'templates.sqlite'), maxBytes: 32 * 1_048_576 }, encryption }));

	test('a template that the file has no room for is refused, and the others stay', async () => {
		const small: SharedStoreSettings = { type: 'sqlite', sqlite: { path: path.join(folder, 'small.sqlite'), maxBytes: 4 * 1_048_576 } };
		const own = library(small).library;
		const random = seeded(3);
		// What does not compress.
		const text = () => Array.from({ length: 30_000 }, () => random.next().toString(36).slice(2)).join('').slice(0, 250_000);
		let saved = 0;
		const fill = async () => {
			for (; saved < 100; saved += 1) await own.save([draft(`t${saved}`, text())]);
		};
		await expect(fill()).rejects.toThrow(/small\.sqlite (does not answer, or takes nothing new|did not keep)/);
		expect(saved).toBeGreaterThan(5);
		const later = library(small).library;
		await later.current();
		expect(later.size).toBe(saved);
	});
});

describe.skipIf(redisIsMissing())('a library in Redis', () => {
	let server: RedisServer;
	beforeAll(async () => {
		server = await RedisServer.start();
	});
	afterAll(async () => await server.stop());
	suite(() => ({ type: 'redis', prefix: 'p', redis: { topology: 'single', nodes: [server], connectTimeoutMs: 2000, commandTimeoutMs: 2000 } }));
});
