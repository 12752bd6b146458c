import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { InvalidOptionError } from '../core/errors';
import { requireInteger, requireOneOf, requireText } from '../core/validate';
import { storePath, type SharedStoreSettings } from '../runtime';

type Data = ICredentialDataDecryptedObject;
type RedisStore = Extract<SharedStoreSettings, { type: 'redis' }>;
type Redis = RedisStore['redis'];
type Server = Pick<Redis, 'topology' | 'nodes' | 'masterName' | 'sentinelPassword' | 'username' | 'password' | 'db' | 'tls'>;

const MEGABYTE = 1_048_576;
const MIN_KEY_CHARACTERS = 16;
/** What is not found is looked for under each of them. */
const MAX_EARLIER_KEYS = 3;
const DEFAULT_PORT = 6379;
const EXPECTED_URL = 'redis://user:password@host:port/database, or the same with rediss://';

/** What a Fastpath Store credential says. Credentials of before a field was there have its default. Throws InvalidOptionError that names the field. */
export function toStoreSettings(data: Data): SharedStoreSettings {
	const type = requireOneOf('Type', data.type ?? 'redis', ['redis', 'sqlite']);
	const place = type === 'sqlite' ? sqliteSettings(data) : redisSettings(data);
	return { ...place, encryption: encryptionOf(data), ...(data.writeBehind === true && { writeBehind: true }) };
}

function redisSettings(data: Data): SharedStoreSettings {
	return {
		type: 'redis',
		prefix: requireText('Key Prefix', data.prefix).trim(),
		redis: {
			...serverOf(data),
			connectTimeoutMs: requireInteger('Connect Timeout', Number(data.connectTimeoutMs ?? 2000), { min: 100, max: 10_000 }),
			commandTimeoutMs: requireInteger('Command Timeout', Number(data.commandTimeoutMs ?? 250), { min: 10, max: 5000 }),
		},
	};
}

function sqliteSettings(data: Data): SharedStoreSettings {
	return {
		type: 'sqlite',
		sqlite: {
			path: storePath('File', requireText('File', data.file)),
			maxBytes: MEGABYTE * requireInteger('Maximum Size (MB)', Number(data.maxMegabytes ?? 256), { min: 4, max: 65_536 }),
		},
	};
}

/** Errors tell how long a key is, and nothing else of it. */
function encryptionOf(data: Data): SharedStoreSettings['encryption'] {
	const secret = text(data.encryptionSecret);
	const earlier = (text(data.earlierEncryptionSecrets) ?? '').split(/\s+/).filter((key) => key !== '');
	if (secret === undefined) {
		if (earlier.length === 0) return undefined;
		throw new InvalidOptionError('Encryption Key', 'a key where there are earlier ones', secret);
	}
	if (/\s/.test(secret)) throw new InvalidOptionError('Encryption Key', 'a text without spaces', {});
	requireInteger('length of Encryption Key', secret.length, { min: MIN_KEY_CHARACTERS, max: 1000 });
	requireInteger('number of Earlier Encryption Keys', earlier.length, { max: MAX_EARLIER_KEYS });
	return { secret, earlier: earlier.filter((key) => key !== secret) };
}

function serverOf(data: Data): Server {
	const topology = requireOneOf('Deployment', data.deployment ?? 'single', ['single', 'cluster', 'sentinel', 'url']);
	if (topology === 'url') return serverOfUrl(data);
	const common = {
		username: text(data.username),
		password: text(data.password),
		tls: data.tls === true ? tlsOf(data) : undefined,
	};
	if (topology === 'cluster') return { ...common, topology, nodes: nodesOf(data.nodes) };
	const db = requireInteger('Database', Number(data.database ?? 0), { max: 1_000_000 });
	if (topology === 'sentinel') {
		const masterName = requireText('Master Name', data.masterName ?? 'mymaster').trim();
		return { ...common, topology, nodes: nodesOf(data.nodes), masterName, sentinelPassword: text(data.sentinelPassword), db };
	}
	const host = requireText('Host', data.host).trim();
	return { ...common, topology, nodes: [{ host, port: portOf('Port', data.port) }], db };
}

/** Errors show nothing of it but how it begins: it may hold a password. */
function serverOfUrl(data: Data): Server {
	const given = requireText('URL', data.urlWithPassword).trim();
	const refuse = () => new InvalidOptionError('URL', EXPECTED_URL, /^[a-z+]{1,12}:\/\//i.exec(given)?.[0] ?? 'something else');
	const url = URL.canParse(given) ? new URL(given) : undefined;
	if (!url?.hostname || !/^(redis|valkey)s?:$/.test(url.protocol) || !/^\/?\d{0,7}$/.test(url.pathname)) throw refuse();
	try {
		return {
			topology: 'single',
			nodes: [{ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || DEFAULT_PORT }],
			username: text(decodeURIComponent(url.username)),
			password: text(decodeURIComponent(url.password)),
			db: Number(url.pathname.slice(1)),
			tls: /^(rediss|valkeys):$/.test(url.protocol) ? tlsOf(data) : undefined,
		};
	} catch {
		throw refuse();
	}
}

function tlsOf(data: Data): NonNullable<Redis['tls']> {
	return { rejectUnauthorized: data.ignoreSslIssues !== true, ca: text(data.ca) };
}

function nodesOf(value: unknown): Redis['nodes'] {
	const nodes = requireText('Nodes', value).split(/[\s,;]+/).filter((node) => node !== '').map(nodeOf);
	const [first, ...others] = nodes;
	if (!first) throw new InvalidOptionError('Nodes', 'host:port, separated by commas', value);
	return [first, ...others];
}

/** The last colon is the one before the port: an IPv6 address has more. */
function nodeOf(node: string): { host: string; port: number } {
	const colon = node.lastIndexOf(':');
	const host = node.slice(0, colon).replace(/^\[|\]$/g, '');
	if (colon < 1 || host === '') throw new InvalidOptionError('Nodes', 'host:port, separated by commas', node);
	return { host, port: portOf('Nodes', node.slice(colon + 1)) };
}

function portOf(name: string, value: unknown): number {
	return requireInteger(name, Number(value), { min: 1, max: 65_535 });
}

function text(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}
