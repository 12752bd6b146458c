/** A real n8n with the package, a server beside it in a process of its own, and nodes that take turns on the same items. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startStandInProcess, type StandInProcess } from '../../test/demo/stand-in-process.mts';
import { aiWorkflowOf, TRIGGER, type AiNode } from '../../test/helpers/ai-workflow.mts';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from '../../test/helpers/n8n-instance.mts';
import type { Contender, Sample } from '../harness/alternate.mts';

const MOST_ITEMS = 10_000;
/** Of Linux, in which /proc counts processor time. */
const TICKS_PER_MS = 0.1;
const HTTP_REQUEST = { type: 'n8n-nodes-base.httpRequest', typeVersion: 4.2 };

export type Node = Pick<AiNode, 'type' | 'typeVersion' | 'parameters' | 'credentials'>;

export interface MeasuredN8n {
	readonly instance: N8nInstance;
	readonly server: StandInProcess;
	/**
	 * A contender that runs a workflow of its own: a list of items, the node, and what is put below it (models, tools). Its value is the
	 * node's own time in ms; beside it what n8n's process used per item, and what the server counted.
	 */
	contender(name: string, node: Node, items: number, below?: readonly AiNode[]): Promise<Contender>;
	close(): Promise<void>;
}

/** @param root whose build is installed */
export async function startMeasuredN8n(env: Record<string, string> = {}): Promise<MeasuredN8n> {
	const folder = mkdtempSync(path.join(tmpdir(), 'fastpath-bench-items-'));
	const itemsFile = path.join(folder, 'items.json');
	writeFileSync(itemsFile, JSON.stringify(Array.from({ length: MOST_ITEMS }, (_item, index) => ({ name: `package ${index}`, topic: `topic ${index % 100}` }))));
	const tarball = await packPackage();
	const userFolder = await createUserFolder({ tarball });
	rmSync(path.dirname(tarball), { recursive: true, force: true });
	const server = await startStandInProcess({ itemsFile });
	const instance = await startN8n({ userFolder, env });
	return {
		instance,
		server,
		contender: async (name, node, items, below = []) => {
			const nodes: AiNode[] = [
				{ name: 'Start', type: TRIGGER, to: [['Items', 'main']] },
				{ name: 'Items', ...HTTP_REQUEST, parameters: { url: `${server.url}/items?count=${items}`, options: {} }, to: [['Node', 'main']] },
				{ name: 'Node', ...node },
				...below,
			];
			const id = await instance.importWorkflow(aiWorkflowOf(`${name} ${items}`, nodes));
			return { name, round: async () => await runOnce(instance, server, id, items) };
		},
		close: async () => {
			await Promise.all([instance.stop(), server.stop()]);
			for (const used of [folder, userFolder]) rmSync(used, { recursive: true, force: true });
		},
	};
}

async function runOnce(instance: N8nInstance, server: StandInProcess, id: string, items: number): Promise<Sample> {
	await server.reset();
	const before = cpuMs(instance.pid);
	const result = await instance.run(id, { timeoutMs: 600_000 });
	const usedMs = cpuMs(instance.pid) - before;
	const { connections, calls } = await server.counters();
	const [run] = result.nodes.Node ?? [];
	if (!run || run.error !== undefined || run.data[0]?.length !== items) {
		throw new Error(`The node put out ${run?.data[0]?.length} of ${items} items: ${JSON.stringify(run?.error ?? result.error)}`);
	}
	const asked = Object.entries(calls).filter(([route]) => !route.endsWith(' /items')).reduce((sum, [, count]) => sum + count, 0);
	return {
		// n8n counts whole milliseconds.
		value: Math.max(run.executionTime, 0.5),
		also: { ...(Number.isFinite(usedMs) ? { 'CPU ms of the execution': usedMs } : {}), requests: asked, 'connections (https)': connections.https.opened },
	};
}

/** Of one process; NaN where there is no /proc. */
export function cpuMs(pid: number): number {
	try {
		const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ');
		return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_MS;
	} catch {
		return NaN;
	}
}
