import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { queueEnvironment } from '../helpers/queue-n8n.mts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');

interface Service {
	readonly image: string;
	readonly command?: string;
	readonly environment?: Readonly<Record<string, string>>;
	readonly volumes?: readonly string[];
	readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
	readonly healthcheck?: unknown;
}

interface Compose {
	readonly services: Readonly<Record<string, Service>>;
	readonly volumes: Readonly<Record<string, unknown>>;
}

describe('docs/queue-mode/compose.yaml', () => {
	const { services, volumes } = parse(read('docs/queue-mode/compose.yaml'), { merge: true }) as Compose;
	const n8n = Object.entries(services).filter(([, { image }]) => image.startsWith('n8nio/n8n'));
	const manifest = JSON.parse(read('package.json')) as { name: string; version: string };

	test('runs each kind of process as the end-to-end test does, of the version that the tests install', () => {
		const installed = JSON.parse(read('test/n8n/package.json')) as { dependencies: Record<string, string> };
		expect(n8n.map(([name, { command, image }]) => [name, command ?? 'start', image])).toEqual(
			['start', 'webhook', 'worker'].map((command) => [command === 'start' ? 'main' : command, command, `n8nio/n8n:${installed.dependencies.n8n}`]),
		);
	});

	test('sets what the end-to-end test sets, for every process', () => {
		const login = { host: 'h', port: 1, user: 'u', password: 'p', database: 'd' };
		const needed = queueEnvironment(login, login);
		for (const [name, { environment = {} }] of n8n) {
			expect(Object.keys(environment), name).toEqual(expect.arrayContaining(Object.keys(needed)));
			for (const fixed of ['EXECUTIONS_MODE', 'DB_TYPE', 'N8N_DISABLE_PRODUCTION_MAIN_PROCESS']) expect(environment[fixed], name).toBe(needed[fixed]);
		}
	});

	test('sets nothing that n8n does not know', () => {
		const known = globSync('node_modules/@n8n/config/dist/**/*.js', { cwd: ROOT }).map(read).join('\n');
		const set = new Set(n8n.flatMap(([, { environment = {} }]) => Object.keys(environment)));
		const elsewhere = ['N8N_ENCRYPTION_KEY'];
		expect([...set].filter((name) => !known.includes(`'${name}'`) && !elsewhere.includes(name))).toEqual([]);
	});

	test('installs this package in its present version', () => {
		const { N8N_COMMUNITY_PACKAGES, N8N_COMMUNITY_PACKAGES_MANAGED_BY_ENV } = services.main?.environment ?? {};
		expect(N8N_COMMUNITY_PACKAGES_MANAGED_BY_ENV).toBe('true');
		expect(JSON.parse(N8N_COMMUNITY_PACKAGES ?? '')).toEqual([{ name: manifest.name, version: manifest.version }]);
	});

	test('names only services and volumes that it has, and waits only for those that tell how they are', () => {
		const all = Object.values(services);
		const used = all.flatMap((service) => service.volumes ?? []).map((volume) => volume.split(':')[0]);
		expect(used.filter((name) => !(String(name) in volumes))).toEqual([]);
		const awaited = all.flatMap(({ depends_on = {} }) => Object.entries(depends_on));
		expect(awaited.filter(([name, { condition }]) => condition !== 'service_healthy' || !services[name]?.healthcheck)).toEqual([]);
		const hosts = n8n.flatMap(([, { environment = {} }]) => Object.entries(environment).filter(([name]) => name.endsWith('_HOST')));
		expect(hosts.filter(([, host]) => !(host in services))).toEqual([]);
	});
});
