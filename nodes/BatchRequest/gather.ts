import type { IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import type { Fragment, Part } from '../../lib/batch/windows';
import { cacheKey } from '../../lib/cache/key';
import { InvalidOptionError, isFastpathError } from '../../lib/core/errors';
import { newTrace, type CallTrace } from '../../lib/core/trace';
import { NO_CREDENTIAL_ID } from '../../lib/n8n/credentials';
import { traceOf } from '../../lib/n8n/trace';
import type { Runtime } from '../../lib/runtime';
import { ofLast } from '../shared/http/of-last';
import type { ReadyRequest } from '../shared/http/operations/request';
import type { Settings } from '../shared/http/parameters';
import { echoRequest } from '../shared/http/request-echo';
import { decodeText } from '../shared/http/text';
import { asText } from '../shared/http/values';
import type { HttpWork, Prepared } from '../shared/http/work';
import { jsonOf, judged, parseAnswer, takeApart } from './gather-answer';
import { bodyOf, pack, roomFor } from './gather-body';
import type { GatherItem, GatherSettings } from './gather-parameters';
import { withIdempotencyKey } from './identity';
import type { Keeping, Ledger } from './ledger';

export interface GatherWork {
	/** Items worked on at the same time: as many as the requests under way can hold, or they would never be full. */
	readonly atOnce: (requests: number) => number;
	/** Sends the item with others, and gives its part of the answer. `seen` is told of each request; `counts` is true for one of its items. */
	perform(itemIndex: number, signal: AbortSignal, ledger: Ledger, seen: (trace: CallTrace, counts: boolean) => void): Promise<INodeExecutionData[]>;
	/** Results of answers that belonged to no item. */
	readonly surplus: number;
}

export interface GatherParts {
	readonly work: HttpWork;
	readonly settings: GatherSettings;
	readonly read: (itemIndex: number) => GatherItem;
	/** What an item counts under a limit of tokens; undefined where it is taken from the body. */
	readonly tokensOf: (itemIndex: number) => number | undefined;
	/** The header with which each request gets a key of its own, by which the server knows it again; undefined for none. */
	readonly idempotencyHeader: string | undefined;
}

const MAX_AT_ONCE = 20_000;
const RESEND_AFTER_MS = 500;
const MAX_RESEND_AFTER_MS = 30_000;

/** What an item got, and the account of the request that it was in. */
interface Judged {
	readonly result: unknown;
	readonly trace: CallTrace;
}

const JUDGED: Keeping<Judged> = {
	pack: ({ result }) => Buffer.from(JSON.stringify([result])),
	unpack: (packed) => {
		try {
			const [result] = JSON.parse(packed.toString()) as [unknown];
			return { result, trace: { ...newTrace(), journal: true } };
		} catch {
			return undefined;
		}
	},
};

/** Items that share requests, with those of other executions too as long as nothing but the items differs. */
export function gatherWork(context: IExecuteFunctions, runtime: Runtime, { work, settings, read, tokensOf, idempotencyHeader }: GatherParts): GatherWork {
	const { clock, random, windows } = runtime;
	const workflowId = context.getWorkflow().id ?? '';
	const asJson = ofLast((given: Settings): Settings => ({ ...given, response: { ...given.response, format: 'json', neverError: false } }));
	const room = ofLast((rest: GatherItem['rest']) => roomFor(rest, settings));
	const windowOf = ofLast(
		(access: Prepared['access'], rest: GatherItem['rest'], method: string, url: string, query: unknown, headers: unknown, own: Settings) =>
			// Where no credential says who calls, only the workflow does.
			cacheKey(
				{ credential: access.credentialId, origin: new URL(url).origin, partition: access.credentialId === NO_CREDENTIAL_ID ? workflowId : '' },
				[method, url, query, headers, own, rest, settings, idempotencyHeader, access.held(), access.tls, access.ignoreSslIssues],
			),
	);
	let surplus = 0;

	/** The same for all attempts of a request; another set of items is another request. */
	const withKey = (prepared: Prepared): Prepared =>
		idempotencyHeader === undefined ? prepared : withIdempotencyKey(prepared, idempotencyHeader, `${workflowId} ${clock.wallNow()}`, String(random.next()));

	async function send(prepared: Prepared, rest: GatherItem['rest'], fragments: readonly Fragment[], signal: AbortSignal): Promise<Part[]> {
		const body = bodyOf(fragments.map(({ value }) => value), rest, settings);
		const { access, ready } = withKey({ ...prepared, ready: { ...prepared.ready, body, tokens: sumOf(fragments) } });
		echoRequest(context, ready);
		const { trace, ...outcome } = await work.send(access, ready, signal);
		trace.gathered = fragments.length;
		try {
			if (!outcome.ok) throw outcome.error;
			const contentType = asText(outcome.value.headers['content-type']);
			const answer = parseAnswer(await decodeText(context, outcome.value.body, contentType), contentType);
			const matched = takeApart(answer, fragments.map((fragment) => fragment.key), settings);
			return matched.answers.map((own, index) => ({ answer: own, trace, request: index === 0 ? { surplus: matched.surplus } : undefined }));
		} catch (error) {
			return fragments.map((_fragment, index) => ({ answer: { ok: false, error }, trace, request: index === 0 ? { surplus: 0 } : undefined }));
		}
	}

	return {
		atOnce: (requests) => Math.min(requests * settings.maxItems, MAX_AT_ONCE),
		get surplus() {
			return surplus;
		},
		async perform(itemIndex, signal, ledger, seen) {
			const prepared = await work.prepare(itemIndex);
			const { access, ready } = prepared;
			const item = read(itemIndex);
			const request = { ...ready, method: requireBody(ready.method), settings: asJson(ready.settings) };
			const name = windowOf(access, item.rest, request.method, request.url, request.query, request.headers, request.settings);
			const options = { maxItems: settings.maxItems, maxWaitMs: settings.maxWaitMs, maxWeight: room(item.rest) };
			const fragment: Fragment = {
				...pack(item, settings),
				tokens: tokensOf(itemIndex),
				send: async (fragments, shared) => await send({ ...prepared, ready: request }, item.rest, fragments, shared),
			};
			const sendUntilJudged = async (): Promise<Judged> => {
				for (let resend = 0; ; resend += 1) {
					const part = await windows.add(name, options, fragment, signal);
					seen(part.trace, part.request !== undefined);
					surplus += part.request?.surplus ?? 0;
					if (!part.answer.ok) throw part.answer.error;
					const own = judged(part.answer.value, settings);
					if (own.ok) return { result: own.value, trace: part.trace };
					if (resend >= settings.resends || !isFastpathError(own.error) || !own.error.retryable) throw own.error;
					await clock.sleep(Math.min(RESEND_AFTER_MS * 2 ** resend, MAX_RESEND_AFTER_MS), signal);
				}
			};
			const { result, trace } = await ledger.settle({ prepared, content: item, keeping: JUDGED, harmless: false, send: sendUntilJudged, signal });
			return [toItem(result, trace, ready.settings.response.includeTrace)];
		},
	};
}

function toItem(result: unknown, trace: CallTrace, includeTrace: boolean): INodeExecutionData {
	const json = jsonOf(result);
	return { json: includeTrace ? { ...json, _fastpath: traceOf(trace) } : json };
}

function sumOf(fragments: readonly Fragment[]): number | undefined {
	return fragments.some(({ tokens }) => tokens !== undefined) ? fragments.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0) : undefined;
}

function requireBody(method: ReadyRequest['method']): ReadyRequest['method'] {
	if (method === 'DELETE' || method === 'PATCH' || method === 'POST' || method === 'PUT') return method;
	throw new InvalidOptionError('Method', 'DELETE, PATCH, POST or PUT, as the items travel in the body', method);
}
