import type { IDataObject, INodeExecutionData, ITriggerFunctions, ITriggerResponse } from 'n8n-workflow';
import { digestOf, type AlertBook, type AlertEvent } from '../../lib/insight';
import { toNodeError } from '../../lib/n8n/errors';
import { runtimeFor } from '../../lib/n8n/metrics';
import { openStore } from '../../lib/n8n/store';
import type { Runtime } from '../../lib/runtime';
import { isWanted } from '../shared/alerts';
import { eventItem, testItems } from './items';
import { readSettings, readStore, type TriggerSettings } from './parameters';

export async function startTrigger(context: ITriggerFunctions): Promise<ITriggerResponse> {
	const runtime = runtimeFor(context);
	const settings = settingsOf(context);
	const shared = await openStore(context, runtime, readStore(context));
	const { alerts } = shared ? runtime.oversightOver(shared) : runtime.oversight;
	if (context.getMode() === 'manual') {
		return {
			manualTriggerFunction: async () => {
				const { standing, at } = await alerts.look();
				context.emit([testItems(standing.filter((alert) => isWanted(alert, settings)), at)]);
			},
		};
	}
	const starter = new Starter(context, runtime, settings);
	const end = alerts.follow((events, book) => starter.hear(events, book), { everyMs: settings.everyMs, since: starter.told });
	return {
		closeFunction: async () => {
			end();
			starter.end();
		},
	};
}

function settingsOf(context: ITriggerFunctions): TriggerSettings {
	try {
		return readSettings(context);
	} catch (error) {
		throw toNodeError(context.getNode(), error, 0);
	}
}

/**
 * Starts the workflow, once for each event. Up to which one it has been told is kept with the workflow, so that it goes on there after a
 * restart; and where two processes should ever tell of the same, n8n drops the second by its key.
 */
class Starter {
	readonly #kept: IDataObject;
	readonly #name: string;
	#held: { readonly since: number; book: AlertBook } | undefined;
	#cancel = () => {};

	constructor(
		private readonly context: ITriggerFunctions,
		private readonly runtime: Runtime,
		private readonly settings: TriggerSettings,
	) {
		this.#kept = context.getWorkflowStaticData('node');
		this.#name = `fastpath-alerts ${context.getWorkflow().id ?? ''} ${context.getNode().id}`;
	}

	/** Undefined where it has never been started. */
	get told(): number | undefined {
		return typeof this.#kept.told === 'number' ? this.#kept.told : undefined;
	}

	hear(events: readonly AlertEvent[], book: AlertBook): void {
		const { digestMs } = this.settings;
		const wanted = this.#wanted(events);
		if (this.#held) this.#held.book = book;
		else if (wanted[0] && digestMs !== undefined) this.#hold(wanted[0].at - 1, book, digestMs);
		else if (wanted.length > 0) this.#start(wanted.map(eventItem), book.at);
	}

	end(): void {
		this.#cancel();
	}

	#hold(since: number, book: AlertBook, ms: number): void {
		const held = { since, book };
		this.#held = held;
		this.#cancel = this.runtime.clock.after(ms, () => {
			this.#held = undefined;
			const { standing, recent, ...rest } = held.book;
			const digest = digestOf({ ...rest, standing: standing.filter((alert) => isWanted(alert, this.settings)), recent: this.#wanted(recent) }, since);
			this.#start([{ json: { event: 'digest', ...(digest as unknown as IDataObject) } }], held.book.at);
		});
	}

	#wanted(events: readonly AlertEvent[]): AlertEvent[] {
		return events.filter(({ kind, alert }) => this.settings.events.includes(kind) && isWanted(alert, this.settings));
	}

	#start(items: INodeExecutionData[], told: number): void {
		this.#kept.told = told;
		this.context.emit([items], undefined, undefined, `${this.#name} ${told}`);
	}
}
