import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toStoreSettings } from '../../lib/n8n/store-settings.ts';
import { storePath } from '../../lib/runtime/store-path.ts';

type Data = Parameters<typeof toStoreSettings>[0];

const redis = (data: Data) => {
	const settings = toStoreSettings({ prefix: 'p', ...data });
	if (settings.type !== 'redis') throw new Error('not a Redis');
	return settings.redis;
};

describe('a Fastpath Store credential', () => {
	test('of before there were types is a single Redis with the times of then', () => {
		expect(toStoreSettings({ host: ' redis ', port: 6380, prefix: ' p ', database: 2, password: 'x', tls: true })).toEqual({
			type: 'redis',
			prefix: 'p',
			redis: {
				topology: 'single',
				nodes: [{ host: 'redis', port: 6380 }],
				username: undefined,
				password: 'x',
				db: 2,
				tls: { rejectUnauthorized: true, ca: undefined },
				connectTimeoutMs: 2000,
				commandTimeoutMs: 250,
			},
		});
	});

	test.each([
		['redis://host', { nodes: [{ host: 'host', port: 6379 }], db: 0, tls: undefined }],
		['rediss://me:p%40ss@host:7000/3', { nodes: [{ host: 'host', port: 7000 }], db: 3, username: 'me', password: 'p@ss', tls: { rejectUnauthorized: true } }],
		['redis://:only@[::1]:7000', { nodes: [{ host: '::1', port: 7000 }], username: undefined, password: 'only' }],
		['valkeys://host/', { topology: 'single', tls: { rejectUnauthorized: true } }],
	])('is read from the URL %s', (urlWithPassword, expected) => {
		expect(redis({ deployment: 'url', urlWithPassword })).toMatchObject(expected);
	});

	test.each(['http://me:secret-word@host', 'me:secret-word@host', 'redis://me:secret-word@host/a/b', 'redis://me:secret-word%ff@host', 'redis://'])(
		'refuses the URL %s without showing what is secret in it',
		(urlWithPassword) => {
			const read = () => redis({ deployment: 'url', urlWithPassword });
			expect(read).toThrow(/^Invalid URL: expected redis:\/\/user/);
			expect(read).not.toThrow(/secret-word/);
		},
	);

	test('names several nodes of a cluster, and the sentinels of a group', () => {
		expect(redis({ deployment: 'cluster', nodes: 'a:1, [::2]:2\n c:3', database: 5 })).toMatchObject({
			topology: 'cluster',
			nodes: [{ host: 'a', port: 1 }, { host: '::2', port: 2 }, { host: 'c', port: 3 }],
		});
		expect(redis({ deployment: 'sentinel', nodes: 'a:1', masterName: 'm', sentinelPassword: 's', password: 'p', database: 5 })).toMatchObject({
			topology: 'sentinel',
			masterName: 'm',
			sentinelPassword: 's',
			password: 'p',
			db: 5,
		});
	});

	test('encrypts where it has a key, and reads with the earlier ones', () => {
		const encryption = (data: Data) => toStoreSettings({ type: 'sqlite', file: 'a.db', ...data }).encryption;
		expect(encryption({})).toBeUndefined();
		expect(encryption({ encryptionSecret: '0123456789abcdef', earlierEncryptionSecrets: ' one-of-before  0123456789abcdef ' })).toEqual({
			secret: '0123456789abcdef',
			earlier: ['one-of-before'],
		});
		for (const data of [{ encryptionSecret: 'short-secret' }, { encryptionSecret: 'a secret with a space' }, { earlierEncryptionSecrets: 'old-secret' }]) {
			expect(() => encryption(data)).toThrow(/^Invalid (length of )?Encryption Key: expected/);
			expect(() => encryption(data)).not.toThrow(/secret/);
		}
		expect(() => encryption({ encryptionSecret: '0123456789abcdef', earlierEncryptionSecrets: '1 2 3 4' })).toThrow('Invalid number of Earlier Encryption Keys: expected a whole number from 0 to 3, got 4');
	});

	test.each<[Data, RegExp]>([
		[{ type: 'other' }, /Invalid Type: expected one of redis, sqlite, got "other"/],
		[{ deployment: 'other' }, /Invalid Deployment/],
		[{ deployment: 'cluster', nodes: '' }, /Invalid Nodes/],
		[{ deployment: 'cluster', nodes: ' , ' }, /Invalid Nodes/],
		[{ deployment: 'cluster', nodes: 'host' }, /Invalid Nodes: expected host:port, separated by commas, got "host"/],
		[{ deployment: 'cluster', nodes: 'host:0' }, /Invalid Nodes: expected a whole number from 1 to 65535, got 0/],
		[{ deployment: 'sentinel', nodes: 'a:1', masterName: ' ' }, /Invalid Master Name/],
		[{ host: 'a', port: 1, connectTimeoutMs: 60_000 }, /Invalid Connect Timeout: expected a whole number from 100 to 10000/],
		[{ host: 'a', port: 1, commandTimeoutMs: 0 }, /Invalid Command Timeout: expected a whole number from 10 to 5000/],
		[{ type: 'sqlite', file: ' ' }, /Invalid File/],
		[{ type: 'sqlite', file: 'a.db', maxMegabytes: 1 }, /Invalid Maximum Size \(MB\): expected a whole number from 4 to 65536, got 1/],
	])('%j is refused clearly', (data, message) => {
		expect(() => toStoreSettings({ prefix: 'p', ...data })).toThrow(message);
	});
});

describe('the path of a store file', () => {
	let home: string;
	const at = (text: string, environment: Record<string, string> = {}) => storePath('File', text, { HOME: home, ...environment });

	beforeAll(() => {
		home = mkdtempSync(path.join(tmpdir(), 'fastpath-home-'));
		for (const folder of ['.n8n', '.n8n-files', 'elsewhere']) mkdirSync(path.join(home, folder));
		symlinkSync(path.join(home, 'elsewhere'), path.join(home, '.n8n-files', 'link'));
	});

	afterAll(() => rmSync(home, { recursive: true }));

	test("lies in a folder of its own in n8n's, where it is relative", () => {
		expect(at('a.db')).toBe(path.join(home, '.n8n', 'fastpath', 'a.db'));
		expect(at(' deep/b.sqlite ', { N8N_USER_FOLDER: '/data' })).toBe('/data/.n8n/fastpath/deep/b.sqlite');
		expect(at(path.join(home, '.n8n', 'fastpath', 'a.db'))).toBe(path.join(home, '.n8n', 'fastpath', 'a.db'));
	});

	test.each(['../a.db', 'x/../../database.sqlite', 'config', 'a.db/', '.db', 'a\0.db', '/etc/passwd'])('is not %j', (text) => {
		expect(() => at(text)).toThrow(/^Invalid File: expected a path that/);
	});

	test('lies, where it is absolute, in a folder that n8n lets workflows reach', () => {
		const inFiles = path.join(home, '.n8n-files', 'new', 'a.db');
		const elsewhere = path.join(home, 'elsewhere', 'a.db');
		expect(at(inFiles)).toBe(inFiles);
		expect(() => at(elsewhere)).toThrow('N8N_RESTRICT_FILE_ACCESS_TO');
		expect(() => at(path.join(home, '.n8n-files', 'link', 'a.db'))).toThrow('N8N_RESTRICT_FILE_ACCESS_TO');
		expect(at(elsewhere, { N8N_RESTRICT_FILE_ACCESS_TO: `/x; ~/elsewhere` })).toBe(elsewhere);
		expect(at(elsewhere, { N8N_RESTRICT_FILE_ACCESS_TO: '' })).toBe(elsewhere);
	});

	test("lies in the rest of n8n's folder only where that is not forbidden", () => {
		const inside = path.join(home, '.n8n', 'a.db');
		const open = { N8N_RESTRICT_FILE_ACCESS_TO: '' };
		expect(() => at(inside, open)).toThrow("outside n8n's own folder");
		expect(at(inside, { ...open, N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES: 'false' })).toBe(inside);
	});
});
