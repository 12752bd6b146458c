import type { INodeCredentialDescription, INodeProperties } from 'n8n-workflow';

/** What a node shares with other processes; read by `openStore` of lib/n8n/store.ts. The credential below is shown with it. */
export const storeProperty: INodeProperties = {
	displayName: 'Store',
	name: 'store',
	type: 'options',
	noDataExpression: true,
	default: 'memory',
	description: 'Where answers are kept, and requests per second or minute and budgets counted',
	options: [
		{ name: 'Memory of This Process', value: 'memory', description: 'Fast, and empty after a restart; each worker has its own answers, limits and budgets' },
		{ name: 'Shared Store', value: 'shared', description: 'Redis, Valkey or a file behind the memory: all workers share answers, limits and budgets, and they outlive a restart' },
	],
};

/** For a node that keeps answers and counts nothing, and whose cache can be off. */
export function storeOfCache(show: { [name: string]: string[] }): INodeProperties {
	const displayOptions = { show: { ...show, cacheMode: ['readWrite', 'readOnly', 'refresh'] } };
	return { ...storeProperty, description: 'Where answers are kept', displayOptions };
}

/** @param parameter the path of `storeProperty` among the node's parameters */
export function storeCredential(parameter: string): INodeCredentialDescription {
	return { name: 'fastpathStoreApi', required: true, displayOptions: { show: { [parameter]: ['shared'] } } };
}
