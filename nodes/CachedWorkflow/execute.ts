import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../lib/core/trace';
import { clearItems } from '../../lib/n8n/clear';
import { runItems, runTogether } from '../../lib/n8n/items';
import { runtimeFor } from '../../lib/n8n/metrics';
import { originsOf } from '../../lib/n8n/origins';
import { openStore } from '../../lib/n8n/store';
import { runSubWorkflow } from '../../lib/n8n/sub-workflow';
import { traceOf } from '../../lib/n8n/trace';
import type { Outcome, Runtime } from '../../lib/runtime';
import { inputOf, keyOfItem } from './input';
import { Answers } from './operations/answer';
import { keep, toItems, type Kept } from './output';
import { clearReader, parameterReader, readConcurrency, readMode, readOperation, readStore, type WorkflowParameters } from './parameters';
import { idOf, subjectReader, type Subject } from './subject';
import { Summary } from './summary';

export async function execute(context: IExecuteFunctions): Promise<INodeExecutionData[][]> {
	const runtime = runtimeFor(context);
	const shared = await openStore(context, runtime, readStore(context));
	if (readOperation(context) === 'clear') return await clearItems(context, runtime, shared, clearReader(context));
	const { id: nodeId, name: nodeName } = context.getNode();
	const desk = new Desk(context, runtime, new Answers(runtime, { workflowId: context.getWorkflow().id ?? '', nodeId, nodeName, shared }));
	const read = parameterReader(context);
	try {
		if (readMode(context) === 'once') {
			return await runTogether(context, async (signal) => await desk.answer(read(0), [...context.getInputData().keys()], signal));
		}
		const concurrency = readConcurrency(context);
		return await runItems(context, { concurrency }, async (itemIndex, signal) => await desk.answer(read(itemIndex), [itemIndex], signal));
	} finally {
		desk.close();
	}
}

/** Has the inputs of one run of the node answered, and tells what became of them. */
class Desk {
	readonly #summary = new Summary();
	readonly #subjectOf: ReturnType<typeof subjectReader>;
	#executions = 0;

	constructor(
		private readonly context: IExecuteFunctions,
		private readonly runtime: Runtime,
		private readonly answers: Answers,
	) {
		this.#subjectOf = subjectReader(context);
	}

	/** @param indexes the items that make up one input */
	async answer(parameters: WorkflowParameters, indexes: readonly number[], signal: AbortSignal): Promise<INodeExecutionData[]> {
		const { info } = parameters;
		const workflow = idOf(info);
		const chain = this.runtime.ancestry.descend(this.context.getWorkflow().id ?? '', workflow);
		const wanted = parameters.cache.mode !== 'off' && parameters.cacheIf;
		const subject = wanted ? await this.#subjectOf(info) : undefined;
		const refusal = wanted ? this.#refusal(subject, parameters) : parameters.cacheIf ? 'the cache is off' : 'the condition is not met';
		const question = subject && refusal === undefined ? await this.#question(workflow, subject, parameters, indexes) : undefined;
		const run = async (inner: AbortSignal) => await this.runtime.ancestry.run(chain, async () => await this.#run(parameters, subject, indexes, inner));
		const outcome = await this.answers.answer(workflow, question, parameters, run, signal);
		if (!outcome.ok) throw outcome.error;
		if (refusal !== undefined) outcome.trace.notCached = refusal;
		return await this.#put(outcome, 'id' in info ? info.id : (this.context.getWorkflow().id ?? ''), parameters);
	}

	close(): void {
		this.#summary.show(this.context);
		if (this.#executions > 0) this.context.setMetadata({ subExecutionsCount: this.#executions });
	}

	/** Why results are not kept, although the user wants them kept. */
	#refusal(subject: Subject | undefined, { cacheActs, version }: WorkflowParameters): string | undefined {
		if (subject?.version === undefined && version === '') {
			this.#summary.tell('Not cached: this n8n does not let nodes read workflows, so an edit of the sub-workflow would not be noticed. Fill in the option "Version" with a word of your own, and change it with each edit.');
			return 'the version of the sub-workflow is not known';
		}
		if (subject?.callsUnknown) this.#summary.tell('The sub-workflow calls others by expression; edits of those are not noticed.', 'info');
		const acts = subject?.acts ?? [];
		if (acts.length === 0) return undefined;
		const named = `${acts.slice(0, 10).join(', ')}${acts.length > 10 ? ` and ${acts.length - 10} more` : ''}`;
		if (cacheActs) {
			this.#summary.tell(`Where a result comes from the cache, these nodes of the sub-workflow do nothing: ${named}.`, 'info');
			return undefined;
		}
		this.#summary.tell(`Not cached, as the sub-workflow does more than compute and read: ${named}. If that need not happen each time, switch on the option "Cache Workflows That Act".`);
		return 'the sub-workflow acts';
	}

	async #question(workflow: string, { version = '', caller }: Subject, { key }: WorkflowParameters, indexes: readonly number[]) {
		const items = this.context.getInputData();
		const input: unknown[] = [];
		for (const index of indexes) {
			const item = items[index];
			if (item) input.push(await keyOfItem(this.context, index, item, key));
		}
		return { workflow, version, caller, input };
	}

	async #run({ info }: WorkflowParameters, subject: Subject | undefined, indexes: readonly number[], signal: AbortSignal): Promise<Kept> {
		const { context, runtime } = this;
		const items = context.getInputData();
		const input = indexes.flatMap((index, place) => (items[index] ? [inputOf(items[index], place)] : []));
		const startedAt = runtime.clock.now();
		const result = await runSubWorkflow(context, { info, source: subject?.source, clock: runtime.clock }, input, signal);
		const tookMs = Math.round(runtime.clock.now() - startedAt);
		return await keep(context, result, { tookMs, origins: await originsOf(context, result, input.length) });
	}

	async #put({ value, trace }: Extract<Outcome<Kept>, { ok: true }>, workflowId: string, { includeTrace }: WorkflowParameters): Promise<INodeExecutionData[]> {
		this.#summary.count(trace);
		if (value.notStored !== undefined && trace.notCached === value.notStored) this.#summary.tell(`Not kept: ${value.notStored}.`);
		const executed = isOwn(trace);
		if (executed) this.#executions += 1;
		const link = executed ? { metadata: { subExecution: { executionId: value.executionId, workflowId } } } : {};
		const shown = includeTrace ? { _fastpath: traceOf(trace) } : {};
		const items = await toItems(this.context, value, executed);
		return items.map((item) => ({ ...item, json: { ...item.json, ...shown }, ...link }));
	}
}

/** Whether the sub-workflow ran for this input. */
function isOwn({ cache, coalesced }: CallTrace): boolean {
	return !coalesced && (cache === 'miss' || cache === 'bypass');
}
