/** n8n in queue mode as people run it: a main process, workers, a webhook process, a Redis for the queue and a Postgres. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from './n8n-instance.mts';
import { startPostgres, type PostgresServer } from './postgres-server.mts';
import { RedisServer } from './redis-server.mts';

export interface QueueN8n {
	readonly main: N8nInstance;
	readonly webhook: N8nInstance;
	readonly workers: readonly N8nInstance[];
	close(): Promise<void>;
}

/** What each process is told; docs/queue-mode/compose.yaml sets the same names. */
export function queueEnvironment(redis: Pick<PostgresServer, 'host' | 'port'>, postgres: Omit<PostgresServer, 'stop'>): Record<string, string> {
	return {
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_HOST: redis.host,
		QUEUE_BULL_REDIS_PORT: `${redis.port}`,
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: postgres.host,
		DB_POSTGRESDB_PORT: `${postgres.port}`,
		DB_POSTGRESDB_DATABASE: postgres.database,
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD: postgres.password,
		N8N_ENCRYPTION_KEY: 'only-for-this-test',
		// Production webhooks are the webhook process's.
		N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true',
	};
}

/** So that a burst is ready in time on a small machine, and a dead worker is found out while a test waits. */
const FOR_TESTS = {
	DB_POSTGRESDB_POOL_SIZE: '8',
	N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
	QUEUE_WORKER_LOCK_DURATION: '10000',
	QUEUE_WORKER_LOCK_RENEW_TIME: '2000',
	QUEUE_WORKER_STALLED_INTERVAL: '3000',
};

export async function startQueueN8n(options: { workers: number; executionsPerWorker: number }): Promise<QueueN8n> {
	const [userFolder, queue, postgres] = await Promise.all([installed(), RedisServer.start(), startPostgres()]);
	const env = { ...queueEnvironment(queue, postgres), ...FOR_TESTS };
	const started: N8nInstance[] = [];
	const close = async () => {
		await Promise.all(started.map(async (instance) => await instance.stop()));
		await Promise.all([queue.stop(), postgres.stop(), rm(userFolder, { recursive: true, force: true })]);
	};
	const start = async (role: 'main' | 'worker' | 'webhook', extra = {}) => {
		const instance = await startN8n({ userFolder, env: { ...env, ...extra }, role });
		started.push(instance);
		return instance;
	};
	try {
		// The first one makes the tables.
		const main = await start('main');
		const perWorker = { N8N_CONCURRENCY_PRODUCTION_LIMIT: `${options.executionsPerWorker}` };
		const [webhook, ...workers] = await Promise.all([
			start('webhook'),
			...Array.from({ length: options.workers }, async () => await start('worker', perWorker)),
		]);
		return { main, webhook, workers, close };
	} catch (error) {
		await close();
		throw error;
	}
}

async function installed(): Promise<string> {
	const tarball = await packPackage();
	try {
		return await createUserFolder({ tarball });
	} finally {
		await rm(path.dirname(tarball), { recursive: true, force: true });
	}
}
