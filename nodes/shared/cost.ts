import type { INodeProperties } from 'n8n-workflow';

/** Members of the options collections: what may be spent, and what models cost. */
export function costOptions(): INodeProperties[] {
	return [
		{
			displayName: 'Budget per Day',
			name: 'budgets',
			type: 'fixedCollection',
			typeOptions: { multipleValues: true },
			placeholder: 'Add Budget',
			default: {},
			description:
				'What may be spent from midnight to midnight UTC. Answers from the cache cost nothing. Counted in each n8n process, and anew after a restart.',
			options: [
				{
					displayName: 'Budget',
					name: 'budget',
					values: [
						{
							displayName: 'Of',
							name: 'scope',
							type: 'options',
							default: 'workflow',
							options: [
								{ name: 'This Credential', value: 'credential', description: 'All calls of this node type with the credential' },
								{ name: 'This Node', value: 'node' },
								{ name: 'This Workflow', value: 'workflow' },
							],
						},
						{
							displayName: 'US Dollars',
							name: 'usd',
							type: 'number',
							default: 0,
							typeOptions: { minValue: 0, numberPrecision: 6 },
							description: '0 for no bound. Models whose price is not known count in tokens only.',
						},
						{
							displayName: 'Tokens',
							name: 'tokens',
							type: 'number',
							default: 0,
							typeOptions: { minValue: 0 },
							description: '0 for no bound. Input and output together.',
						},
						{
							displayName: 'Warn at (Percent)',
							name: 'warnPercent',
							type: 'number',
							default: 80,
							typeOptions: { minValue: 1, maxValue: 100 },
							description: 'From this share on, the output pane shows a warning',
						},
					],
				},
			],
		},
		{
			displayName: 'Model Prices',
			name: 'prices',
			type: 'json',
			default: '{\n  "my-model": { "input": 0.5, "output": 1.5 }\n}',
			description: 'US dollars per million tokens, by model, for models that this node has no price of or another one',
		},
	];
}
