import { revive, type Reply } from './reply';
import { rootOf, type ChatModel, type Generation, type Message } from './shapes';

interface Classes {
	readonly Piece: new (fields: object) => Generation;
	readonly PieceOfMessage: new (fields: object) => Message;
}

/** By copy of LangChain. */
const CLASSES = new WeakMap<object, Classes>();

/** Streams are made of classes of their own, which only a stream shows; from the first one on they are known. */
export function learnPieces(model: ChatModel, piece: Generation): void {
	const root = rootOf(model);
	if (CLASSES.has(root)) return;
	const { constructor: Piece } = piece as unknown as { constructor: Classes['Piece'] };
	const { constructor: PieceOfMessage } = piece.message as unknown as { constructor: Classes['PieceOfMessage'] };
	CLASSES.set(root, { Piece, PieceOfMessage });
}

/** A kept answer as the one piece of a stream. Where no stream was seen yet it is a whole message, which consumers take as well. */
export function reviveAsPiece(model: ChatModel, reply: Reply): Generation {
	const whole = revive(model, reply);
	const classes = CLASSES.get(rootOf(model));
	if (!classes) return whole;
	const { content, id, name, tool_calls: calls = [], additional_kwargs, response_metadata, usage_metadata } = whole.message;
	const message = new classes.PieceOfMessage({
		content,
		id,
		name,
		additional_kwargs,
		response_metadata,
		usage_metadata,
		tool_call_chunks: calls.map((call, index) => ({ type: 'tool_call_chunk', index, id: call.id, name: call.name, args: JSON.stringify(call.args) })),
	});
	return new classes.Piece({ text: whole.text, message, generationInfo: whole.generationInfo });
}
