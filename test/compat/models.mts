/** Stand for the models and vector stores of n8n's LangChain package, which the engine alone does not bring. */
import type { AINodeConnectionType, IExecuteFunctions, INodeType, INodeTypeDescription, ISupplyDataFunctions, NodeConnectionType } from 'n8n-workflow';

/** Counts what it is asked. */
class Model {
	readonly lc_namespace = ['langchain', 'chat_models'];
	readonly model = 'stand-in';
	/** Not among its settings, which tell a model from others. */
	static asked = 0;

	/** What an answer from the cache is made into a message with. */
	static _convertInputToPromptValue(input: unknown) {
		return { toChatMessages: () => [input].flat().map((message) => ({ ...(message as object), getType: () => 'ai' })) };
	}

	async generate([messages = []]: unknown[][]) {
		return { generations: [(await this._generate(messages, {})).generations] };
	}

	async _generate(messages: unknown[], _options: object) {
		Model.asked += 1;
		const text = `answer to ${messages.length} message`;
		return { generations: [{ text, message: { content: text, lc_namespace: ['langchain_core', 'messages'], getType: () => 'ai' } }] };
	}
}

class Embeddings {
	readonly model = 'stand-in';
	static asked = 0;

	async embedDocuments(texts: string[]): Promise<number[][]> {
		Embeddings.asked += texts.length;
		return texts.map((text) => [text.length, 0.5]);
	}

	async embedQuery(text: string): Promise<number[]> {
		return (await this.embedDocuments([text]))[0] ?? [];
	}
}

export const asked = () => ({ model: Model.asked, embeddings: Embeddings.asked });

function described(name: string, inputs: NodeConnectionType[], outputs: NodeConnectionType[]): INodeTypeDescription {
	return { displayName: name, name, group: ['transform'], version: 1, description: '', defaults: { name }, inputs, outputs, properties: [] };
}

function source(name: string, output: NodeConnectionType, response: unknown): INodeType {
	return { description: described(name, [], [output]), supplyData: async () => ({ response }) };
}

/** Asks what is connected as an agent or a vector store does. */
function consumer(name: string, input: AINodeConnectionType, ask: (connected: unknown) => Promise<unknown>): INodeType {
	return {
		description: described(name, ['main', input], ['main']),
		async execute(this: IExecuteFunctions) {
			const connected: unknown = await (this as unknown as ISupplyDataFunctions).getInputConnectionData(input, 0);
			return [[{ json: { got: JSON.stringify(await ask([connected].flat()[0])) } }]];
		},
	};
}

export const nodeTypes: Readonly<Record<string, INodeType>> = {
	'test.model': source('model', 'ai_languageModel', new Model()),
	'test.embeddings': source('embeddings', 'ai_embedding', new Embeddings()),
	'test.agent': consumer('agent', 'ai_languageModel', async (model) => {
		const { generations } = await (model as Model)._generate([{ content: 'hello', getType: () => 'human' }], {});
		return generations[0]?.text;
	}),
	'test.vectorStore': consumer('vectorStore', 'ai_embedding', async (embeddings) => await (embeddings as Embeddings).embedDocuments(['one', 'two'])),
};
