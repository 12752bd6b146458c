import type { INodeProperties } from 'n8n-workflow';

/** A list of names and values, as HTTP Request keeps it: `{ parameters: [{ name, value }] }`. */
export function pairs(
	property: Pick<INodeProperties, 'displayName' | 'name' | 'placeholder' | 'displayOptions'> & { readonly entry: string },
): INodeProperties {
	const { entry, ...rest } = property;
	return {
		...rest,
		type: 'fixedCollection',
		typeOptions: { multipleValues: true, fixedCollection: { itemTitle: '={{ $collection.item.value.name }}' } },
		default: { parameters: [{ name: '', value: '' }] },
		options: [
			{
				displayName: entry,
				name: 'parameters',
				values: [
					{ displayName: 'Name', name: 'name', type: 'string', default: '' },
					{ displayName: 'Value', name: 'value', type: 'string', default: '' },
				],
			},
		],
	};
}

/** Whether names and values are given one by one or as JSON. */
export function specify(displayName: string, name: string, show: Readonly<Record<string, Array<string | boolean>>>): INodeProperties {
	return {
		displayName,
		name,
		type: 'options',
		default: 'keypair',
		displayOptions: { show },
		options: [
			{ name: 'Using Fields Below', value: 'keypair' },
			{ name: 'Using JSON', value: 'json' },
		],
	};
}
