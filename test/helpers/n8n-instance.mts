/**
 * A real n8n for end-to-end tests and the demo: a process of its own, on free loopback ports, with a user folder that the
 * package was installed into (createUserFolder), driven through the REST interface that its editor uses.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, plainEnvironment, startGroup, stopGroup } from './child-process.mts';
import { unflatten } from './flatted.mts';
import { n8nBin } from './n8n-package.mts';
import type { Logger } from './n8n-package.mts';

export { createUserFolder, n8nBin, packPackage } from './n8n-package.mts';
export type { Logger } from './n8n-package.mts';

export interface ExecutionNodeRun {
	executionTime: number;
	startTime: number;
	error?: unknown;
	hints?: unknown[];
	/** Items per output. */
	data: Array<Array<{ json: Record<string, unknown>; binary?: unknown; pairedItem?: unknown; error?: unknown }>>;
}

export interface ExecutionResult {
	id: string;
	status: string;
	nodes: Record<string, ExecutionNodeRun[]>;
	error?: unknown;
	raw: unknown;
}

export interface N8nInstance {
	readonly url: string;
	readonly pid: number;
	readonly email: string;
	readonly password: string;
	/** Value of a Cookie header: the owner's session. */
	readonly cookie: string;
	/** A request as the owner; gives the `data` of n8n's answer, throws on any status but 2xx. */
	api(method: string, path: string, body?: unknown): Promise<any>;
	createCredential(credential: { name: string; type: string; data: Record<string, unknown> }): Promise<{ id: string; name: string }>;
	/** Gives the new workflow's id. */
	importWorkflow(workflow: Record<string, unknown>): Promise<string>;
	/** Publishes the workflow and waits until its triggers are live. */
	activate(workflowId: string): Promise<void>;
	/** A manual run to its end. */
	run(workflowId: string, options?: { timeoutMs?: number; triggerNode?: string }): Promise<ExecutionResult>;
	startRun(workflowId: string, options?: { triggerNode?: string }): Promise<string>;
	execution(id: string): Promise<ExecutionResult>;
	stopExecution(id: string): Promise<void>;
	/** What the process has printed, the last megabyte of it. */
	logs(): string;
	stop(): Promise<void>;
	/** Ends it as a crash does. */
	kill(): Promise<void>;
}

export interface StartOptions {
	userFolder: string;
	port?: number;
	env?: Record<string, string>;
	/** Queue mode's other processes serve no editor: api() and what rests on it reject there. */
	role?: 'main' | 'worker' | 'webhook';
	log?: Logger;
}

const READY_MS = 180_000;
const STOP_MS = 20_000;
const LOG_CHARACTERS = 1_000_000;
const ENDED = new Set(['success', 'error', 'canceled', 'crashed', 'waiting']);
const COMMAND = { main: ['start'], worker: ['worker'], webhook: ['webhook'] };

export async function startN8n(options: StartOptions): Promise<N8nInstance> {
	const { userFolder, role = 'main', log = () => undefined } = options;
	const bin = await n8nBin(log);
	const port = options.port ?? (await freePort());
	const url = `http://127.0.0.1:${port}`;
	const started = Date.now();

	let output = '';
	const child = startGroup(process.execPath, [bin, ...COMMAND[role]], await environment(options, port), (text) => {
		output = (output + text).slice(-LOG_CHARACTERS);
	});
	const logs = () => output;
	try {
		await ready(child, url, logs);
		const owner = role === 'main' ? await signIn(url, userFolder) : { email: '', password: '', cookie: '' };
		log(`n8n (${role}): ready on ${url} after ${((Date.now() - started) / 1000).toFixed(1)} s`);
		return {
			url,
			pid: child.pid ?? 0,
			...owner,
			...client(url, owner.cookie),
			logs,
			stop: () => stopGroup(child, STOP_MS),
			kill: () => stopGroup(child, 0, 'SIGKILL'),
		};
	} catch (error) {
		await stopGroup(child, STOP_MS);
		throw error;
	}
}

/** Loopback only, and nothing that calls home. */
async function environment(options: StartOptions, port: number): Promise<NodeJS.ProcessEnv> {
	const worker = options.role === 'worker';
	return {
		...plainEnvironment(),
		NODE_ENV: 'production',
		NO_PROXY: [process.env.NO_PROXY, '127.0.0.1', 'localhost'].filter(Boolean).join(','),
		N8N_USER_FOLDER: options.userFolder,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_HOST: '127.0.0.1',
		N8N_PORT: `${port}`,
		N8N_RUNNERS_BROKER_PORT: `${await freePort()}`,
		...(worker ? { QUEUE_HEALTH_CHECK_ACTIVE: 'true', QUEUE_HEALTH_CHECK_PORT: `${port}`, N8N_WORKER_SERVER_ADDRESS: '127.0.0.1' } : {}),
		N8N_SECURE_COOKIE: 'false',
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'false',
		N8N_GRACEFUL_SHUTDOWN_TIMEOUT: '10',
		...options.env,
	};
}

async function ready(child: ChildProcess, url: string, logs: () => string): Promise<void> {
	const until = Date.now() + READY_MS;
	while (Date.now() < until) {
		if (child.exitCode !== null || child.signalCode !== null) throw new Error(`n8n ended while starting\n${logs().slice(-4000)}`);
		const answer = await fetch(`${url}/healthz/readiness`).catch(() => undefined);
		await answer?.body?.cancel();
		if (answer?.ok) return;
		await delay(150);
	}
	throw new Error(`n8n was not ready within ${READY_MS / 1000} s\n${logs().slice(-4000)}`);
}

interface Owner {
	email: string;
	password: string;
}

/** Sets up the owner of a fresh user folder, or logs in; the account is kept beside n8n's own settings. */
async function signIn(url: string, userFolder: string): Promise<Owner & { cookie: string }> {
	const file = path.join(userFolder, '.n8n', 'owner.json');
	const kept = await readFile(file, 'utf8').catch(() => undefined);
	const owner = kept ? (JSON.parse(kept) as Owner) : { email: 'owner@example.com', password: `Fp1-${randomBytes(9).toString('hex')}` };
	await writeFile(file, JSON.stringify(owner), { mode: 0o600 });

	const setup = await send(url, 'POST', '/rest/owner/setup', { ...owner, firstName: 'Olivia', lastName: 'Owner' });
	if (!setup.ok && setup.status !== 400) throw new Error(`Owner set-up failed: ${setup.status} ${await setup.text()}`);
	await setup.body?.cancel();
	const login = await send(url, 'POST', '/rest/login', { emailOrLdapLoginId: owner.email, password: owner.password });
	if (!login.ok) throw new Error(`Login failed: ${login.status} ${await login.text()}`);
	await login.body?.cancel();
	const cookie = login.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
	return { ...owner, cookie };
}

function send(url: string, method: string, target: string, body?: unknown, cookie = ''): Promise<Response> {
	const headers = { 'content-type': 'application/json', ...(cookie ? { cookie } : {}) };
	return fetch(new URL(target, url), { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
}

type Client = Omit<N8nInstance, 'url' | 'pid' | 'email' | 'password' | 'cookie' | 'logs' | 'stop' | 'kill'>;

function client(url: string, cookie: string): Client {
	const api: N8nInstance['api'] = async (method, target, body) => {
		const answer = await send(url, method, target, body, cookie);
		const text = await answer.text();
		if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${text.slice(0, 2000)}`);
		const parsed = text ? JSON.parse(text) : undefined;
		return parsed !== null && typeof parsed === 'object' && 'data' in parsed ? parsed.data : parsed;
	};

	async function startRun(workflowId: string, options: { triggerNode?: string } = {}): Promise<string> {
		const name = options.triggerNode ?? firstTrigger(await api('GET', `/rest/workflows/${workflowId}`));
		const { executionId } = await api('POST', `/rest/workflows/${workflowId}/run`, { triggerToStartFrom: { name } });
		if (!executionId) throw new Error(`n8n started no execution of workflow ${workflowId} from "${name}"`);
		return String(executionId);
	}

	async function execution(id: string): Promise<ExecutionResult> {
		const raw = await api('GET', `/rest/executions/${id}`);
		const data = typeof raw.data === 'string' ? unflatten(raw.data) : raw.data;
		return { id, status: raw.status, raw: { ...raw, data }, ...results(data) };
	}

	return {
		api,
		startRun,
		execution,
		async createCredential(credential) {
			const { id, name } = await api('POST', '/rest/credentials', credential);
			return { id, name };
		},
		async importWorkflow(workflow) {
			const { id: _id, active: _active, ...content } = workflow;
			const created = await api('POST', '/rest/workflows', { name: 'Workflow', connections: {}, settings: { executionOrder: 'v1' }, ...content });
			return String(created.id);
		},
		async activate(workflowId) {
			const { versionId } = await api('GET', `/rest/workflows/${workflowId}`);
			await api('POST', `/rest/workflows/${workflowId}/activate`, { versionId });
			const until = Date.now() + 30_000;
			for (;;) {
				const { status, triggers } = await api('GET', `/rest/workflows/${workflowId}/publication-status`);
				if (status === 'published') return;
				if (status === 'failed' || Date.now() > until) {
					throw new Error(`Workflow ${workflowId} is ${status}: ${JSON.stringify(triggers)}`);
				}
				await delay(50);
			}
		},
		async run(workflowId, options = {}) {
			const id = await startRun(workflowId, options);
			const until = Date.now() + (options.timeoutMs ?? 60_000);
			for (let pause = 25; ; pause = Math.min(pause * 1.5, 500)) {
				const { status } = await api('GET', `/rest/executions/${id}`).catch(whileBusy);
				if (ENDED.has(status)) return await execution(id);
				if (Date.now() > until) throw new Error(`Execution ${id} of workflow ${workflowId} is still ${status}`);
				await delay(pause);
			}
		},
		async stopExecution(id) {
			await api('POST', `/rest/executions/${id}/stop`);
		},
	};
}

/** An n8n whose thread was busy for longer than it keeps connections resets them; it is asked again. */
function whileBusy(error: unknown): { status: string } {
	if (error instanceof TypeError && error.message === 'fetch failed') return { status: 'busy' };
	throw error;
}

interface WorkflowNodes {
	nodes: Array<{ name: string; type: string; disabled?: boolean }>;
}

/** The Manual Trigger if there is one, else the first trigger. */
function firstTrigger(workflow: WorkflowNodes): string {
	const nodes = workflow.nodes.filter((node) => !node.disabled);
	const found =
		nodes.find((node) => node.type.endsWith('.manualTrigger')) ??
		nodes.find((node) => /trigger$/i.test(node.type) || /\.(webhook|cron|start)$/.test(node.type));
	if (!found) throw new Error('The workflow has no trigger: name one with triggerNode');
	return found.name;
}

interface StoredRun {
	executionTime: number;
	startTime: number;
	error?: unknown;
	hints?: unknown[];
	data?: Record<string, Array<ExecutionNodeRun['data'][number] | null>>;
}

function results(data: unknown): Pick<ExecutionResult, 'nodes' | 'error'> {
	const { resultData } = (data ?? {}) as { resultData?: { runData?: Record<string, StoredRun[]>; error?: unknown } };
	const nodes: ExecutionResult['nodes'] = {};
	for (const [name, runs] of Object.entries(resultData?.runData ?? {})) {
		nodes[name] = runs.map(({ executionTime, startTime, error, hints, data: outputs }) => ({
			executionTime,
			startTime,
			...(error === undefined ? {} : { error }),
			...(hints === undefined ? {} : { hints }),
			// Sub-nodes put out over a connection of another kind than `main`.
			data: (outputs?.main ?? Object.values(outputs ?? {})[0] ?? []).map((items) => items ?? []),
		}));
	}
	return { nodes, ...(resultData?.error === undefined ? {} : { error: resultData.error }) };
}
