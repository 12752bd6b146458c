import type { INodeProperties } from 'n8n-workflow';

const unlessOff = { hide: { paginationMode: ['off'] } };

/** What changes from one page to the next. */
const parameters: INodeProperties = {
	displayName: 'Parameters',
	name: 'parameters',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	placeholder: 'Add Parameter',
	default: { parameters: [{ type: 'qs', name: '', value: '' }] },
	displayOptions: { show: { paginationMode: ['updateAParameterInEachRequest'] } },
	options: [
		{
			displayName: 'Parameter',
			name: 'parameters',
			values: [
				{
					displayName: 'Type',
					name: 'type',
					type: 'options',
					default: 'qs',
					description: 'Where the parameter is set',
					options: [
						{ name: 'Body', value: 'body' },
						{ name: 'Header', value: 'headers' },
						{ name: 'Query', value: 'qs' },
					],
				},
				{ displayName: 'Name', name: 'name', type: 'string', default: '', placeholder: 'e.g. page' },
				{
					displayName: 'Value',
					name: 'value',
					type: 'string',
					default: '',
					hint: 'An expression may use $response, $request and $pageCount',
				},
			],
		},
	],
};

const values: INodeProperties[] = [
	{
		displayName: 'Pagination Mode',
		name: 'paginationMode',
		type: 'options',
		noDataExpression: true,
		default: 'updateAParameterInEachRequest',
		description: 'How the next page is asked for',
		options: [
			{ name: 'Off', value: 'off' },
			{ name: 'Response Contains Next URL', value: 'responseContainsNextURL' },
			{ name: 'Update a Parameter in Each Request', value: 'updateAParameterInEachRequest' },
		],
	},
	{
		displayName: 'Next URL',
		name: 'nextURL',
		type: 'string',
		default: '',
		description: 'An expression that gives the address of the next page, such as $response.body.next',
		displayOptions: { show: { paginationMode: ['responseContainsNextURL'] } },
	},
	parameters,
	{
		displayName: 'Pagination Complete When',
		name: 'paginationCompleteWhen',
		type: 'options',
		noDataExpression: true,
		default: 'responseIsEmpty',
		description: 'When no further page is asked for',
		displayOptions: unlessOff,
		options: [
			{ name: 'Other', value: 'other' },
			{ name: 'Receive Specific Status Code(s)', value: 'receiveSpecificStatusCodes' },
			{ name: 'Response Is Empty', value: 'responseIsEmpty' },
		],
	},
	{
		displayName: 'Status Code(s) When Complete',
		name: 'statusCodesWhenComplete',
		type: 'string',
		noDataExpression: true,
		default: '',
		description: 'With commas between them',
		displayOptions: { show: { paginationCompleteWhen: ['receiveSpecificStatusCodes'] } },
	},
	{
		displayName: 'Complete Expression',
		name: 'completeExpression',
		type: 'string',
		default: '',
		description: 'An expression that is true when there is no further page',
		displayOptions: { show: { paginationCompleteWhen: ['other'] } },
	},
	{
		displayName: 'Limit Pages Fetched',
		name: 'limitPagesFetched',
		type: 'boolean',
		noDataExpression: true,
		default: false,
		description: 'Whether to stop after a number of pages',
		displayOptions: unlessOff,
	},
	{
		displayName: 'Max Pages',
		name: 'maxRequests',
		type: 'number',
		default: 100,
		description: 'How many pages to fetch at most',
		displayOptions: { show: { limitPagesFetched: [true] } },
	},
	{
		displayName: 'Interval Between Requests (Ms)',
		name: 'requestInterval',
		type: 'number',
		default: 0,
		typeOptions: { minValue: 0 },
		description: 'Time in milliseconds to wait between two pages. 0 for none.',
		displayOptions: unlessOff,
	},
];

export const pagination: INodeProperties = {
	displayName: 'Pagination',
	name: 'pagination',
	type: 'fixedCollection',
	placeholder: 'Add pagination',
	typeOptions: { multipleValues: false },
	default: { pagination: {} },
	description: 'Fetch page after page for each item',
	options: [{ displayName: 'Pagination', name: 'pagination', values }],
};
