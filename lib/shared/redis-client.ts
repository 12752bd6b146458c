import { Cluster, Redis } from '../vendor';
import type { RedisOptions } from '../vendor';

export interface RedisNode {
	readonly host: string;
	readonly port: number;
}

/** How a Redis or Valkey is reached: one server, a cluster, or through sentinels. */
export interface RedisSettings {
	readonly topology: 'single' | 'cluster' | 'sentinel';
	/** The server; the nodes of a cluster to begin with; or the sentinels. */
	readonly nodes: readonly [RedisNode, ...RedisNode[]];
	/** Name of the master group, for sentinels. */
	readonly masterName?: string | undefined;
	readonly username?: string | undefined;
	readonly password?: string | undefined;
	readonly sentinelPassword?: string | undefined;
	/** Not in a cluster, which knows only one. */
	readonly db?: number | undefined;
	readonly tls?: { readonly rejectUnauthorized: boolean; readonly ca?: string | undefined } | undefined;
	readonly connectTimeoutMs: number;
	readonly commandTimeoutMs: number;
}

export type RedisClient = Redis | Cluster;

/** Replies in the one shape that all versions of the protocol have. */
type PlainOptions = RedisOptions & { readonly replyMapping: 'legacy' };

/** In steps of 100 ms up to half a second: a server that is back is found within that time. */
const retryDelayMs = (attempt: number) => Math.min(attempt * 100, 500);

/** A client that queues nothing, repeats nothing and gives up on time; it connects when told to. */
export function createRedisClient(settings: RedisSettings): RedisClient {
	const options = connectionOptions(settings);
	const [first] = settings.nodes;
	switch (settings.topology) {
		case 'single':
			return new Redis({ ...options, host: first.host, port: first.port, db: settings.db ?? 0 });
		case 'sentinel':
			return new Redis({
				...options,
				sentinels: settings.nodes.map(({ host, port }) => ({ host, port })),
				name: settings.masterName ?? 'mymaster',
				db: settings.db ?? 0,
				sentinelRetryStrategy: retryDelayMs,
				...(settings.sentinelPassword ? { sentinelPassword: settings.sentinelPassword } : {}),
				...(options.tls ? { enableTLSForSentinelMode: true, sentinelTLS: options.tls } : {}),
			});
		case 'cluster':
			return createCluster(settings, options);
	}
}

function createCluster(settings: RedisSettings, { retryStrategy, lazyConnect, enableOfflineQueue, ...options }: PlainOptions): Cluster {
	return new Cluster(
		settings.nodes.map(({ host, port }) => ({ host, port })),
		{
			lazyConnect: lazyConnect ?? true,
			enableOfflineQueue: enableOfflineQueue ?? false,
			clusterRetryStrategy: retryDelayMs,
			clusterNodeRetryStrategy: retryStrategy ?? null,
			slotsRefreshTimeout: settings.connectTimeoutMs,
			maxRedirections: 4,
			redisOptions: options,
		},
	);
}

function connectionOptions(settings: RedisSettings): PlainOptions {
	const { username, password, tls } = settings;
	return {
		lazyConnect: true,
		enableOfflineQueue: false,
		autoResendUnfulfilledCommands: false,
		// The client does it without looking whether it worked, which would end the process where it did not: RedisBackend does it.
		autoResubscribe: false,
		maxRetriesPerRequest: 0,
		// A connection that is given up has nothing left to say.
		disconnectTimeout: 100,
		connectTimeout: settings.connectTimeoutMs,
		// Whoever sends a command has the shorter bound; this one is for the commands that set a connection up.
		commandTimeout: settings.connectTimeoutMs / 2,
		retryStrategy: retryDelayMs,
		disableClientInfo: true,
		connectionName: 'n8n-nodes-fastpath',
		// Understood by every Redis and every proxy in front of one.
		protocol: 2,
		replyMapping: 'legacy',
		...(username ? { username } : {}),
		...(password ? { password } : {}),
		...(tls ? { tls: { rejectUnauthorized: tls.rejectUnauthorized, ...(tls.ca ? { ca: tls.ca } : {}) } } : {}),
	};
}

/** The answer to a command that found something of another kind under its key. */
export function isForeign(error: unknown): boolean {
	return error instanceof Error && /\bWRONGTYPE\b|value is not an integer/.test(error.message);
}
