import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { CallTrace } from '../../../lib/core/trace';
import type { HttpResponse } from '../../../lib/http';
import { openStore } from '../../../lib/n8n/store';
import { openLibrary } from '../../../lib/n8n/templates';
import type { Outcome, Runtime, SharedStore } from '../../../lib/runtime';
import { accessOpener, secretQueryOf, type Access } from './access';
import type { Fetched } from './fetched';
import type { ContentTypes } from './body';
import { loadBody } from './load-body';
import { createRequester, type ReadyRequest } from './operations/request';
import { toItems } from './output';
import { fetchPages } from './pages';
import { TemplateRun } from '../template-run';
import { parameterReader, readLibrary, readPagination, readStore } from './parameters';
import { echoRequest } from './request-echo';

/** A request with nothing left to read, and in whose name it is made. */
export interface Prepared {
	readonly itemIndex: number;
	readonly access: Access;
	readonly ready: ReadyRequest;
}

/** The requests of one execution. What either throws fails the item alone. */
export interface HttpWork {
	/** What the run shares with other processes; undefined where it keeps to itself. */
	readonly shared: SharedStore | undefined;
	prepare(itemIndex: number): Promise<Prepared>;
	/** Sends it, and gives what n8n's HTTP Request would; `seen` is told of every call, failed ones too. */
	perform(prepared: Prepared, signal: AbortSignal, seen: (trace: CallTrace) => void): Promise<INodeExecutionData[]>;
	/** The first half of it: what came back, page by page. */
	fetch(prepared: Prepared, signal: AbortSignal, seen: (trace: CallTrace) => void): Promise<Fetched[]>;
	/** The second half: as items. */
	render(prepared: Prepared, fetched: readonly Fetched[]): Promise<INodeExecutionData[]>;
	/** Sends one request, without pages and items. */
	send(access: Access, request: ReadyRequest, signal: AbortSignal): Promise<Outcome<HttpResponse>>;
}

/** @param offered the kinds of body that the panel of the node offers */
export async function httpWork(context: IExecuteFunctions, runtime: Runtime, source: string, offered: ContentTypes): Promise<HttpWork> {
	const shared = await openStore(context, runtime, readStore(context));
	const place = { workflowId: context.getWorkflow().id ?? '', nodeId: context.getNode().id, nodeName: context.getNode().name, shared };
	const request = createRequester(runtime, place, source);
	const read = parameterReader(context, offered);
	const open = accessOpener(context);
	const inputs = context.getInputData();
	const paginationOf = once(() => readPagination(context));
	const templates = once(async () => new TemplateRun(await openLibrary(context, runtime, readLibrary(context)), runtime.clock));

	async function fetchAll({ itemIndex, access, ready }: Prepared, signal: AbortSignal, seen: (trace: CallTrace) => void): Promise<Fetched[]> {
		echoRequest(context, ready);
		const send = async (part: ReadyRequest) => {
			const outcome = await request(access, part, signal);
			seen(outcome.trace);
			return outcome;
		};
		const pagination = paginationOf();
		if (pagination) {
			// Each page is a response, whatever its status; n8n's helper decides what becomes of it.
			const settings = { ...ready.settings, response: { ...ready.settings.response, neverError: true } };
			const pages = await fetchPages({ ...ready, settings }, { context, itemIndex, clock: runtime.clock, signal, pagination, send });
			return pages.map(({ response, trace }) => ({ response, trace, isPage: true }));
		}
		const outcome = await send(ready);
		if (!outcome.ok) throw outcome.error;
		return [{ response: outcome.value, trace: outcome.trace, isPage: false }];
	}

	async function render({ itemIndex, access, ready }: Prepared, fetched: readonly Fetched[]): Promise<INodeExecutionData[]> {
		const items: INodeExecutionData[] = [];
		for (const answer of fetched) {
			const input = inputs[itemIndex] ?? { json: {} };
			const own = await toItems(context, { ...answer, settings: ready.settings.response, input, secretQuery: secretQueryOf(access) });
			items.push(...own);
		}
		return items;
	}

	return {
		shared,
		async prepare(itemIndex) {
			const parameters = read(itemIndex);
			const access = await open(parameters.settings.access, itemIndex);
			return { itemIndex, access, ready: { ...parameters, body: await loadBody(context, itemIndex, parameters.body, templates) } };
		},
		perform: async (prepared, signal, seen) => await render(prepared, await fetchAll(prepared, signal, seen)),
		fetch: fetchAll,
		render,
		send: request,
	};
}

/** Made by the first who asks; what fails, fails for each of them. */
function once<T>(make: () => T): () => T {
	let made: { readonly value: T } | undefined;
	return () => (made ??= { value: make() }).value;
}
