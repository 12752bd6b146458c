import { NodeConnectionTypes, type INodeTypeDescription } from 'n8n-workflow';
import { storeCredential } from '../shared/store';
import { subNodeProperties } from '../shared/sub-node';

export const description: Omit<INodeTypeDescription, 'icon' | 'subtitle' | 'usableAsTool'> = {
	displayName: 'Cached Embeddings',
	name: 'cachedEmbeddings',
	group: ['transform'],
	version: 1,
	description: 'Put between an embeddings model and a vector store: each text is embedded once, and its vector comes from a cache after that',
	defaults: { name: 'Cached Embeddings' },
	inputs: [{ type: NodeConnectionTypes.AiEmbedding, displayName: 'Embeddings', required: true, maxConnections: 1 }],
	outputs: [NodeConnectionTypes.AiEmbedding],
	outputNames: ['Embeddings'],
	credentials: [{ ...storeCredential('store'), testedBy: 'testStore' }],
	properties: subNodeProperties(),
};
