import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ExecutionResult, N8nInstance } from '../helpers/n8n-instance.mts';
import type { CounterSnapshot } from '../stand-in/ai-provider.mts';
import type { StandInProcess } from './stand-in-process.mts';

/** One node, run in a workflow of its own. */
export interface Contender {
	readonly label: string;
	readonly workflowId: string;
	readonly nodeName: string;
}

/** One run of one node. All counts are the server's, the time is n8n's own. */
export interface Run {
	readonly nodeMs: number;
	readonly calls: number;
	/** Most requests under way at one moment. */
	readonly mostAtOnce: number;
	readonly connections: number;
	readonly fullHandshakes: number;
	readonly resumedHandshakes: number;
	readonly inputTokens: number;
	readonly outputTokens: number;
	readonly outputs: ReadonlyArray<Record<string, unknown>>;
}

export interface Comparison {
	readonly contender: Contender;
	readonly first: Run;
	readonly again: readonly Run[];
}

export class RunFailed extends Error {}

function problemOf(result: ExecutionResult, nodeName: string): string {
	const failed = Object.entries(result.nodes).find(([, runs]) => runs.some(({ error }) => error !== undefined));
	const error = failed?.[1].find((run) => run.error !== undefined)?.error ?? result.error;
	const message =
		typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
	return `${failed?.[0] ?? nodeName}: ${message} (execution ${result.id} ended with "${result.status}")`;
}

/** Runs a workflow once and reads what the server saw of it on the measured, encrypted side. */
async function runOnce(
	n8n: N8nInstance,
	standIn: StandInProcess,
	contender: Contender,
	route: string,
	items: number,
): Promise<Run> {
	await standIn.reset();
	const result = await n8n.run(contender.workflowId, { timeoutMs: 600_000 });
	const seen: CounterSnapshot = await standIn.counters();
	const [run] = result.nodes[contender.nodeName] ?? [];
	if (result.status !== 'success' || run === undefined || run.error !== undefined) {
		throw new RunFailed(problemOf(result, contender.nodeName));
	}
	const outputs = (run.data[0] ?? []).map(({ json }) => json);
	if (outputs.length !== items) {
		throw new RunFailed(`${contender.nodeName}: ${outputs.length} items came out of ${items}`);
	}
	const calls = seen.calls[route] ?? 0;
	return {
		nodeMs: run.executionTime,
		calls,
		// The workflow's own fetching of the items is a request, too.
		mostAtOnce: calls === 0 ? 0 : seen.maxInFlight,
		connections: seen.connections.https.opened,
		fullHandshakes: seen.handshakes.full,
		resumedHandshakes: seen.handshakes.resumed,
		inputTokens: seen.tokens.input,
		outputTokens: seen.tokens.output,
		outputs,
	};
}

const SETTLE_MS = 300;

/** The contenders take turns: a first run of each, then `rounds` more of each. */
export async function compare(
	n8n: N8nInstance,
	standIn: StandInProcess,
	contenders: readonly Contender[],
	task: { route: string; items: number; rounds: number },
	progress: (line: string) => void,
): Promise<Comparison[]> {
	const runs = contenders.map((contender) => ({ contender, all: [] as Run[] }));
	for (let round = 0; round <= task.rounds; round += 1) {
		for (const { contender, all } of runs) {
			// n8n stores the last execution after its end; that work belongs to neither.
			await delay(SETTLE_MS);
			const run = await runOnce(n8n, standIn, contender, task.route, task.items);
			all.push(run);
			const name = round === 0 ? 'first run' : `again ${round}/${task.rounds}`;
			progress(`  ${contender.label}, ${name}: ${run.nodeMs} ms, ${run.calls} upstream calls`);
		}
	}
	return runs.map(({ contender, all: [first, ...again] }) => {
		if (first === undefined) throw new RunFailed(`${contender.label} was not run`);
		return { contender, first, again };
	});
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

function contains(value: unknown, wanted: unknown): boolean {
	if (isDeepStrictEqual(value, wanted)) return true;
	if (typeof value === 'string') return isDeepStrictEqual(parsed(value), wanted);
	return typeof value === 'object' && value !== null && Object.values(value).some((inner) => contains(inner, wanted));
}

interface Completion {
	choices?: Array<{ message?: { content?: string } }>;
}

/** How many items of `run` carry the very answer that the plain calls of `baseline` got for that item. */
export function sameAnswers(baseline: Run, run: Run): number {
	return baseline.outputs.filter((output, index) => {
		const content = (output as Completion).choices?.[0]?.message?.content;
		return content !== undefined && contains(run.outputs[index], parsed(content));
	}).length;
}

/** How many items are equal in both runs, field by field. */
export function sameOutputs(baseline: Run, run: Run): number {
	return baseline.outputs.filter((output, index) => isDeepStrictEqual(run.outputs[index], output)).length;
}
