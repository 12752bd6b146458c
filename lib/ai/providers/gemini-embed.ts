import { MalformedAnswerError } from '../../core/errors';
import { requireVectors, validateEmbedRequest, type EmbedFormat } from '../embed';
import { JSON_HEADERS, sortedModels } from '../provider';
import { usageOf } from '../usage';
import { compact, countAt, isRecord, listAt, textAt } from '../wire';
import { bareId } from './gemini-model';

/** Reference: https://ai.google.dev/api/embeddings#method:-models.batchembedcontents */
export const embeddings: EmbedFormat = {
	maxTexts: 100,
	request(request) {
		validateEmbedRequest(request);
		const model = bareId(request.model);
		const requests = request.texts.map((text) =>
			compact({ model: `models/${model}`, content: { parts: [{ text }] }, outputDimensionality: request.dimensions }),
		);
		return {
			method: 'POST',
			path: `/v1beta/models/${encodeURIComponent(model)}:batchEmbedContents`,
			headers: { ...JSON_HEADERS },
			body: { requests },
		};
	},
	parse(body, { model, texts }) {
		const vectors = (listAt(body, 'embeddings') ?? []).map((entry) => listAt(entry, 'values'));
		const usage =
			isRecord(body) && isRecord(body.usageMetadata)
				? usageOf({ inputTokens: countAt(body.usageMetadata, 'promptTokenCount') })
				: null;
		return { vectors: requireVectors(vectors, texts.length), model: bareId(model), usage };
	},
	parseModels(body) {
		const list = listAt(body, 'models');
		if (!list) throw new MalformedAnswerError('The AI provider answered without a list of models: "models" is missing');
		const embedding = list.filter((model) => listAt(model, 'supportedGenerationMethods')?.includes('embedContent'));
		return sortedModels(
			embedding.map((model) => {
				const id = bareId(textAt(model, 'name'));
				return { id, name: textAt(model, 'displayName') || id };
			}),
		);
	},
};
