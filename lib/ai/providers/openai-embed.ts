import { MalformedAnswerError } from '../../core/errors';
import { requireVectors, validateEmbedRequest, type EmbedFormat } from '../embed';
import { JSON_HEADERS, sortedModels } from '../provider';
import { usageOf } from '../usage';
import { compact, countAt, deepMerge, isRecord, listAt, textAt } from '../wire';

/** Reference: https://platform.openai.com/docs/api-reference/embeddings */
export const embeddings: EmbedFormat = {
	maxTexts: 2048,
	request(request) {
		validateEmbedRequest(request);
		const { model, texts, dimensions, extraBody } = request;
		return {
			method: 'POST',
			path: '/embeddings',
			headers: { ...JSON_HEADERS },
			body: deepMerge(compact({ model, input: [...texts], dimensions }), extraBody),
		};
	},
	/** Each vector names its text by `index`. */
	parse(body, { model, texts }) {
		const list = listAt(body, 'data') ?? [];
		const vectors = new Array<unknown>(list.length);
		list.forEach((entry, place) => {
			const index = isRecord(entry) && typeof entry.index === 'number' ? entry.index : place;
			if (index < list.length) vectors[index] = isRecord(entry) ? entry.embedding : undefined;
		});
		const usage = isRecord(body) && isRecord(body.usage) ? usageOf({ inputTokens: countAt(body.usage, 'prompt_tokens') }) : null;
		return { vectors: requireVectors(vectors, texts.length), model: textAt(body, 'model') || model, usage };
	},
	/** The list does not say what a model is for: those that call themselves so, or all if none does. */
	parseModels(body) {
		const list = listAt(body, 'data');
		if (!list) throw new MalformedAnswerError('The AI provider answered without a list of models: "data" is missing');
		const ids = list.map((model) => textAt(model, 'id')).filter((id) => id !== '');
		const named = ids.filter((id) => /embed|bge|minilm|\be5\b|gte/i.test(id));
		return sortedModels((named.length > 0 ? named : ids).map((id) => ({ id, name: id })));
	},
};
