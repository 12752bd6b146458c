/** A process of `engine-process.mts`: runs each node that it is sent on an engine of its own, and answers with what came of it. */
import { createEngine } from './engine.mts';
import type { EngineReply, EngineRequest } from './engine-process.mts';
import { NODE, runHttp } from './http-node.mts';

const engine = await createEngine();
const reply = (message: EngineReply) => void process.send?.(message);

process.on('message', ({ id, run }: EngineRequest) => {
	runHttp({ engine, ...run }).then(
		(result) => reply({ id, items: result.json(NODE), hints: result.hints.map(({ message }) => message), error: result.error?.message }),
		(error: unknown) => reply({ id, items: [], hints: [], error: String(error) }),
	);
});
reply({ id: 'ready', items: [], hints: [], error: undefined });
