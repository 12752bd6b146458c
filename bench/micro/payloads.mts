/** What is hashed and kept: an AI request and its answer, what GoFlow measures itself by, and items of n8n's. */

export const SCOPE = { credential: 'c1', origin: 'https://api.test', partition: 'workflow 7' };

/** 1 KB. */
export const REQUEST = {
	model: 'gpt-4o-mini',
	temperature: 0,
	max_tokens: 500,
	messages: [
		{ role: 'system', content: 'You are terse.' },
		{ role: 'user', content: 'Summarise this: '.padEnd(800, 'lorem ipsum ') },
	],
};

export const ANSWER = {
	id: 'x',
	model: 'gpt-4o-mini',
	choices: [{ message: { role: 'assistant', content: 'word '.repeat(80) }, finish_reason: 'stop' }],
	usage: { prompt_tokens: 210, completion_tokens: 80 },
};

/** What GoFlow's own benchmarks hash and keep (its tests/benchmark/cache_bench_test.go), shape by shape. */
export const INPUTS = { param1: 'value1', param2: 42 };
export const FOUND = { result: 'success' };
export const OUTPUTS = { result: 'success', data: ['a', 'b', 'c'] };
export const KNOWN_INPUTS = [{ param: 'value1' }, { param: 'value2' }, { param: 'value3' }];
export const UNKNOWN_INPUTS = { param: 'new-value' };
export const NESTED_INPUTS = { nested: { level1: { level2: [1, 2, 3, 4, 5] } }, array: ['a', 'b', 'c', 'd', 'e'] };
export const LARGE_INPUTS = { data: new Uint8Array(1024) };

/** An item of n8n's as an API brings it: 650 bytes of JSON. */
export function item(index: number): Record<string, unknown> {
	return {
		json: {
			id: index,
			name: `Customer ${index}`,
			email: `customer${index}@example.com`,
			active: index % 3 !== 0,
			balance: index * 1.25,
			tags: ['import', 'weekly', `segment ${index % 7}`],
			address: { street: `${index} Long Street`, city: 'Springfield', postalCode: '12345', country: 'US', position: { lat: 44.05, lon: -123.02 } },
			orders: [
				{ sku: 'A-100', quantity: 2, price: 19.99, options: { colour: 'blue', size: 'M' } },
				{ sku: 'B-250', quantity: 1, price: 249.5, options: { colour: 'black', size: 'L' } },
			],
			notes: 'Asked for a call back on Tuesday; prefers mail otherwise. '.repeat(2),
		},
		pairedItem: { item: index },
	};
}
