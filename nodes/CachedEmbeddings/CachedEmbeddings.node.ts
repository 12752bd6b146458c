import type { INodeType, INodeTypeDescription, ISupplyDataFunctions, SupplyData } from 'n8n-workflow';
import { testStore } from '../../lib/n8n/store';
import { description } from './description';
import { supply } from './supply';

export class CachedEmbeddings implements INodeType {
	description: INodeTypeDescription = {
		...description,
		icon: { light: 'file:cachedEmbeddings.svg', dark: 'file:cachedEmbeddings.dark.svg' },
		subtitle: '={{ $parameter.cacheMode === "off" ? "cache off" : "" }}',
	};

	methods = { credentialTest: { testStore } };

	async supplyData(this: ISupplyDataFunctions, itemIndex: number): Promise<SupplyData> {
		return await supply(this, itemIndex);
	}
}
