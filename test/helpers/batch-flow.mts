/** The three steps of a provider batch, each a run of its own, as with n8n's Wait node between them. */
import { createRequire } from 'node:module';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { answers, runAi, type AiRun } from './ai-node.mts';
import { engine, standIn } from './ai-suite.mts';
import type { RunResult } from './engine.mts';

export type BatchItem = Record<string, unknown> & { batchId: string; items: Array<Record<string, unknown>> };
type Step = Partial<AiRun> & { provider?: string };

const { getRuntime, Runtime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;

async function step(operation: string, { provider = 'openAi', parameters, ...run }: Step): Promise<RunResult> {
	return await runAi({ engine, standIn, workflowId: 'batches', ...run, parameters: { operation, provider, ...parameters } });
}

export const submit = async (prompts: readonly string[], run: Step = {}) =>
	await step('submitBatch', {
		input: prompts.map((prompt, index) => ({ prompt, number: `no ${index}` })),
		...run,
		parameters: { prompt: '={{ $json.prompt }}', reference: '={{ $json.number }}', ...run.parameters },
	});

export const follow = async (operation: 'getBatch' | 'collectBatch' | 'cancelBatch', input: ReadonlyArray<Record<string, unknown>>, run: Step = {}) =>
	await step(operation, { input: [...input], ...run, parameters: { batchId: '={{ $json.batchId }}', ...run.parameters } });

export function batchesOf(result: RunResult): BatchItem[] {
	if (result.error) throw result.error;
	return answers(result) as BatchItem[];
}

/** Looks at a batch until it is done. */
export async function done(batches: readonly Record<string, unknown>[], run: Step = {}): Promise<BatchItem[]> {
	for (let look = 0; look < 5; look += 1) {
		const looked = batchesOf(await follow('getBatch', batches, run));
		if (looked.every((batch) => batch.done === true)) return looked;
	}
	throw new Error('The batch is not done after five looks');
}

/** As a new process: with nothing in its memory. */
export function forgetEverything(parts?: ConstructorParameters<typeof Runtime>[0]): void {
	const place = globalThis as Record<symbol, { build: string; runtime: RuntimeModule.Runtime } | undefined>;
	const key = Symbol.for('n8n-nodes-fastpath/runtime@1');
	getRuntime();
	const held = place[key];
	if (!held) return;
	place[key] = { build: held.build, runtime: new Runtime(parts) };
	void held.runtime.dispose();
}
