import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { hasCode } from '../../lib/core/errors';
import type { CallTrace } from '../../lib/core/trace';
import { originsOf } from '../../lib/n8n/origins';
import { runSubWorkflow } from '../../lib/n8n/sub-workflow';
import { traceOf } from '../../lib/n8n/trace';
import type { Outcome, Runtime } from '../../lib/runtime';
import { inputOf, keyOfItem } from './input';
import type { Answers, Question } from './operations/answer';
import { keep, toItems, type Kept } from './output';
import type { WorkflowParameters } from './parameters';
import { idOf, subjectReader, type Subject } from './subject';
import { Summary } from './summary';

/** Has the inputs of one run of the node answered, and tells what became of them. */
export class Desk {
	readonly #summary = new Summary();
	readonly #subjectOf: ReturnType<typeof subjectReader>;
	/** By their ids, with the workflow that they are of. */
	readonly #executions = new Map<string, string>();

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
		if (!outcome.ok) throw this.#noted(outcome.error, outcome.trace);
		if (refusal !== undefined) outcome.trace.notCached = refusal;
		return await this.#put(outcome, 'id' in info ? info.id : (this.context.getWorkflow().id ?? ''), parameters);
	}

	close(): void {
		this.#summary.show(this.context);
		const [[executionId, workflowId] = []] = this.#executions;
		if (executionId === undefined || workflowId === undefined) return;
		const subExecutionsCount = this.#executions.size;
		// Of several, the items say which is theirs.
		this.context.setMetadata(subExecutionsCount === 1 ? { subExecution: { executionId, workflowId }, subExecutionsCount } : { subExecutionsCount });
	}

	/** The execution that failed for this input is shown with the node, too. */
	#noted(error: unknown, { coalesced }: CallTrace): unknown {
		if (!coalesced && hasCode(error, 'ERR_SUB_WORKFLOW') && error.executionId !== undefined && error.workflowId !== undefined) {
			this.#executions.set(error.executionId, error.workflowId);
		}
		return error;
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

	async #question(workflow: string, { version = '', caller, inputs }: Subject, { key: fields }: WorkflowParameters, indexes: readonly number[]): Promise<Question> {
		const items = this.context.getInputData();
		const input: unknown[] = [];
		for (const index of indexes) {
			const item = items[index];
			if (item) input.push(await keyOfItem(this.context, index, item, { fields, inputs }));
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
		if (executed) this.#executions.set(value.executionId, workflowId);
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
