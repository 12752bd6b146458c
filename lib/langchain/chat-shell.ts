import { childController } from '../core/signal';
import { mustBypass, type Bypass } from './bypass';
import { Channel } from './channel';
import { boundIdentity, callIdentity, conversationIdentity, modelIdentity } from './identity';
import { learnPieces, reviveAsPiece } from './pieces';
import { freeze, revive, type Reply } from './reply';
import { isChatModel, own, rootOf, viewOf, type CallOptions, type ChatModel, type Generation, type Message, type RunManager } from './shapes';

/** A question to a model, as plain data; the same for two calls only if the same answer will do for both. */
export interface Question {
	readonly identity: unknown;
	readonly messages: readonly Message[];
	/** What the call's temperature and seed are to be found in. */
	readonly settings: readonly unknown[];
	readonly bypass: Bypass | undefined;
}

/** Makes the call. `link` is given the model's own handlers, and returns those that are to be told of it. */
export type Ask = (signal: AbortSignal, link: (handlers: unknown) => unknown) => Promise<Reply>;

/** Who decides where answers come from. */
export interface Desk {
	/** What `ask` gave, if it was called, or what an earlier or another call's gave. */
	answer(question: Question, ask: Ask, signal: AbortSignal): Promise<Reply>;
	now(): number;
}

/**
 * Stands in for a chat model: the same object to all who look at it, but its answers come over the desk. It is a view of the model
 * whose own methods hide the model's, as what consumers read of a model (its class, settings, metadata) must stay true. What the
 * model makes of itself (with tools bound, with other settings) is wrapped in turn.
 */
export function shellOf(model: ChatModel, desk: Desk, identity = modelIdentity(model), bound: readonly unknown[] = []): ChatModel {
	const shell = viewOf(model);
	// The handlers are the model's: they must not fire for an answer that it did not give.
	own(shell, 'callbacks', undefined);
	const ask = (messages: readonly Message[], options: CallOptions): Question => {
		const call = callIdentity(model, options);
		return {
			identity: { model: identity, bound, ...call, messages: conversationIdentity(messages) },
			messages,
			settings: [call.request, model, options],
			bypass: mustBypass(call.request, options, (model as unknown as { modelKwargs?: unknown }).modelKwargs),
		};
	};
	own(shell, '_generate', async (messages: Message[], options: CallOptions) => {
		const generation = await generate(model, desk, ask(messages, options), messages, options);
		// What came beside the answer is in the message's metadata already.
		return { generations: [generation], llmOutput: {} };
	});
	if (canStream(model)) {
		own(shell, '_streamResponseChunks', (messages: Message[], options: CallOptions, run?: RunManager) =>
			stream(model, desk, ask(messages, options), messages, options, run),
		);
		// Some models stream by a second way of their own, past the first.
		own(shell, '_streamChatModelEvents', rootOf(model)._streamChatModelEvents);
	}
	for (const method of ['bindTools', 'withConfig', 'bind'] as const) {
		const derive = model[method];
		if (typeof derive !== 'function') continue;
		own(shell, method, (...given: unknown[]) =>
			rewrap(derive.apply(model, given), model, (derived) =>
				shellOf(derived, desk, derived === model ? identity : modelIdentity(derived), [...bound, boundIdentity(method, given)]),
			),
		);
	}
	return shell;
}

/** What a model makes of itself is a copy of it, or something that holds it. */
function rewrap(made: unknown, model: ChatModel, wrap: (derived: ChatModel) => ChatModel): unknown {
	if (isChatModel(made)) {
		// A copy is made of the settings that the model was made with; handlers that were added later are not among them.
		if (made !== model) made.callbacks = model.callbacks;
		return wrap(made);
	}
	const holder = made as { bound?: unknown } | null;
	if (isChatModel(holder?.bound)) holder.bound = wrap(holder.bound);
	return made;
}

/** A real call, told to the model's own handlers alone: the consumer's hear of the answer from us. */
function callView(model: ChatModel, handlers: unknown): ChatModel {
	const view = viewOf(model);
	own(view, 'callbacks', handlers);
	// A cache of the model's own has been asked by now.
	own(view, 'cache', undefined);
	return view;
}

function callOptions(options: CallOptions, signal: AbortSignal): CallOptions {
	return { ...options, signal, callbacks: [], tags: [], metadata: {} };
}

async function generate(model: ChatModel, desk: Desk, question: Question, messages: Message[], options: CallOptions): Promise<Generation> {
	let live: Generation | undefined;
	const reply = await desk.answer(
		question,
		async (signal, link) => {
			const startedAt = desk.now();
			const { generations } = await callView(model, link(model.callbacks)).generate([messages], callOptions(options, signal));
			const made = generations[0]?.[0];
			if (!made) throw new TypeError(`${model.constructor.name} gave no answer`);
			live = made;
			return freeze(made, desk.now() - startedAt);
		},
		options.signal ?? NEVER,
	);
	return live ?? revive(model, reply);
}

const NEVER = new AbortController().signal;

/** Pieces as they come where this call asks the model; one piece where the answer comes from elsewhere. */
async function* stream(
	model: ChatModel,
	desk: Desk,
	question: Question,
	messages: Message[],
	options: CallOptions,
	run: RunManager | undefined,
): AsyncGenerator<Generation, void, undefined> {
	const pieces = new Channel<Generation>();
	const { controller, release } = childController(...(options.signal ? [options.signal] : []));
	const place = { prompt: Number(options.promptIndex ?? 0), completion: 0 };
	const tell = async (chunk: Generation) => await run?.handleLLMNewToken?.(chunk.text, place, undefined, undefined, undefined, { chunk });
	let sent = 0;
	let failure: { readonly error: unknown } | undefined;
	const answer = desk.answer(
		question,
		async (signal, link) => {
			// Who has heard the beginning of one answer must not hear another.
			if (failure && sent > 0) throw failure.error;
			const startedAt = desk.now();
			try {
				const whole = await tap(model, link(model.callbacks), messages, callOptions(options, signal), (piece) => {
					sent += 1;
					pieces.push(piece);
				});
				return freeze(whole, desk.now() - startedAt);
			} catch (error) {
				failure = { error };
				throw error;
			}
		},
		controller.signal,
	);
	const ended = answer.then(
		() => pieces.close(),
		() => pieces.close(),
	);
	try {
		for await (const piece of pieces.values()) {
			yield piece;
			await tell(piece);
		}
		const reply = await answer;
		if (failure && sent > 0) throw failure.error;
		if (sent === 0) {
			const whole = reviveAsPiece(model, reply);
			yield whole;
			await tell(whole);
		}
	} finally {
		controller.abort();
		release();
		await ended;
	}
}

/**
 * Streams a real call and returns its pieces joined. LangChain's own loop is run, as it tells the handlers; its pieces are
 * taken from below it, where they still can be joined.
 */
async function tap(
	model: ChatModel,
	handlers: unknown,
	messages: Message[],
	options: CallOptions,
	take: (piece: Generation) => void,
): Promise<Generation> {
	const view = callView(model, handlers);
	let whole: Generation | undefined;
	own(view, '_streamResponseChunks', async function* (given: Message[], parsed: CallOptions, run?: RunManager) {
		for await (const piece of model._streamResponseChunks?.(given, parsed, run) ?? []) {
			yield piece;
			// After the loop has given the piece its id and metadata.
			whole = whole?.concat?.(piece) ?? piece;
			learnPieces(model, piece);
			take(piece);
		}
	});
	for await (const piece of view._streamIterator?.(messages, options) ?? []) void piece;
	if (!whole) throw new TypeError(`${model.constructor.name} gave no answer`);
	return whole;
}

/** LangChain's root class has the method too, but only to say that it is missing. */
function canStream(model: ChatModel): boolean {
	return typeof model._streamResponseChunks === 'function' && rootOf(model)._streamResponseChunks !== model._streamResponseChunks;
}
