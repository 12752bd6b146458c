import type { INodeProperties, INodeTypeDescription } from 'n8n-workflow';
import { storeCredential, storeProperty } from '../shared/store';
import { OPERATIONS } from './operations';

const entries = Object.entries(OPERATIONS);

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'getMetrics',
	options: entries.map(([value, { name, action, description }]) => ({ name, value, action, description })).sort((a, b) => a.name.localeCompare(b.name)),
};

/** A field that several operations have is one field, shown with each of them. */
function fieldsOf(): INodeProperties[] {
	const fields = new Set(entries.flatMap(([, { fields }]) => fields));
	return [...fields].map((field) => {
		const operation = entries.filter(([, { fields: own }]) => own.includes(field)).map(([value]) => value);
		return { ...field, displayOptions: { ...field.displayOptions, show: { operation, ...field.displayOptions?.show } } };
	});
}

/** Connections are always those of this process. */
const store: INodeProperties = {
	...storeProperty,
	displayOptions: { hide: { operation: ['prewarmConnections'] } },
	description: 'Whose caches and measurements are meant',
	options: [
		{ name: 'Memory of This Process', value: 'memory', description: 'What this process has measured and keeps. In queue mode that is the worker that runs this.' },
		{ name: 'Shared Store', value: 'shared', description: 'Answers in a Redis, Valkey or file, and the measurements of all processes that use it, put together' },
	],
};

export const description: INodeTypeDescription = {
	displayName: 'Performance Monitor',
	name: 'performanceMonitor',
	group: ['transform'],
	version: 1,
	description: 'See what calls cost and save, find what slows them down, and manage caches, connections and circuits',
	defaults: { name: 'Performance Monitor' },
	inputs: ['main'],
	outputs: ['main'],
	credentials: [storeCredential('/store')],
	properties: [operation, ...fieldsOf(), store],
};
