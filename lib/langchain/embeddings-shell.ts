import { plainOf, without } from './plain';
import { own, viewOf, type EmbeddingsModel } from './shapes';

/** Vectors for texts, in their order; `signal`-less, as LangChain's embeddings know of none. */
export interface EmbeddingsDesk {
	/** Documents and queries are embedded apart: some models make different vectors of them. */
	embed(kind: 'document' | 'query', texts: readonly string[]): Promise<number[][]>;
}

/** Stands in for an embeddings model, whose vectors come over the desk. See `shellOf`. */
export function embeddingsShellOf(model: EmbeddingsModel, desk: EmbeddingsDesk): EmbeddingsModel {
	const shell = viewOf(model);
	own(shell, 'embedDocuments', async (texts: string[]) => await desk.embed('document', texts));
	own(shell, 'embedQuery', async (text: string) => {
		const [vector] = await desk.embed('query', [text]);
		if (!vector) throw new TypeError('The model gave no vector');
		return vector;
	});
	return shell;
}

/** Of an embeddings model: how texts are sent, and not what comes of them. */
const VOLATILE: ReadonlySet<string> = new Set([
	'caller', 'client', 'clientConfig', 'maxRetries', 'maxConcurrency', 'timeout', 'batchSize', 'onFailedAttempt', 'lc_namespace', 'verbose', 'callbacks',
]);

/** All that is known of the model and may bear on its vectors, as plain data. Holds secrets, so it is only ever hashed. */
export function embeddingsIdentity(model: EmbeddingsModel): unknown {
	const { clientConfig } = model as unknown as { clientConfig?: unknown };
	return {
		class: model.constructor.name,
		own: plainOf(without(model, VOLATILE)),
		client: plainOf(without(clientConfig, VOLATILE)),
	};
}
