import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { MAX_PATTERN_LENGTH } from '../../lib/cache/glob';
import { shownUrl, toTags } from '../../lib/cache/marks';
import type { Rule } from '../../lib/cache/rules';
import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf, requireText } from '../../lib/core/validate';

const CHOICES = ['all', 'key', 'node', 'tag', 'url', 'workflow'] as const;

type ClearChoice = (typeof CHOICES)[number];

const NAMES: Readonly<Record<ClearChoice, Omit<INodePropertyOptions, 'value'>>> = {
	all: { name: 'Everything in the Store', description: 'Whatever workflow it comes from' },
	key: { name: 'One Key', description: 'As the trace (_fastpath) or Explain Only shows it' },
	node: { name: 'What a Node Has Stored', description: 'A node of this workflow' },
	tag: { name: 'What Has a Tag', description: 'Whatever workflow it comes from' },
	url: { name: 'What Came From a URL', description: 'Whatever workflow it comes from' },
	workflow: { name: 'What This Workflow Has Stored', description: 'All nodes of this workflow' },
};

const OF_ANY_WORKFLOW: Readonly<Partial<typeof NAMES>> = {
	node: { name: 'What a Node Has Stored', description: 'A node of any workflow' },
	workflow: { name: 'What a Workflow Has Stored', description: 'All nodes of a workflow' },
};

/** Which answers the operation Clear Cache (`clear`) clears. `choices`: those that make sense for the node, the first by default. */
export function clearProperties(choices: readonly [ClearChoice, ...ClearChoice[]]): INodeProperties[] {
	return clearFields(choices, NAMES).map((field) => ({ ...field, displayOptions: { show: { operation: ['clear'], ...field.displayOptions?.show } } }));
}

/** For a node that clears what others have stored: workflows are named, and `toRules` is given the chosen one. */
export function clearAnywhereFields(): INodeProperties[] {
	const [choice, ...fields] = clearFields(['tag', 'key', 'url', 'node', 'workflow', 'all'], { ...NAMES, ...OF_ANY_WORKFLOW });
	const workflow: INodeProperties = {
		displayName: 'Workflow',
		name: 'clearWorkflow',
		type: 'workflowSelector',
		default: '',
		required: true,
		description: 'The one whose answers are meant',
		displayOptions: { show: { clear: ['node', 'workflow'] } },
	};
	// An endpoint takes it from what it was asked.
	return [...(choice ? [{ ...choice, noDataExpression: false }] : []), workflow, ...fields];
}

function clearFields(choices: readonly [ClearChoice, ...ClearChoice[]], names: typeof NAMES): INodeProperties[] {
	const show = (choice: ClearChoice) => ({ show: { clear: [choice] } });
	const text = (choice: ClearChoice, property: Pick<INodeProperties, 'displayName' | 'name' | 'placeholder' | 'description'>): INodeProperties => ({
		...property,
		type: 'string',
		default: '',
		required: true,
		displayOptions: show(choice),
	});
	const fields: Partial<Record<ClearChoice, INodeProperties>> = {
		key: text('key', { displayName: 'Key', name: 'clearKey', placeholder: 'e.g. 5f2c…', description: 'The key, or its beginning with a star behind it' }),
		node: text('node', { displayName: 'Node Name', name: 'clearNode', placeholder: 'e.g. Tag Packages', description: 'As it is called in the editor' }),
		tag: text('tag', {
			displayName: 'Tags to Clear',
			name: 'clearTags',
			placeholder: 'e.g. customer-{{ $json.customer }}, prices-*',
			description: 'With commas between them; answers with any of them are cleared. A star stands for anything.',
		}),
		url: text('url', {
			displayName: 'URL to Clear',
			name: 'clearUrl',
			placeholder: 'e.g. https://api.example.com/users/*',
			description: 'The whole address with its query; a star stands for anything. Values of query parameters that look like keys are not compared.',
		}),
	};
	return [
		{
			displayName: 'Clear',
			name: 'clear',
			type: 'options',
			noDataExpression: true,
			default: choices[0],
			options: [...choices].sort((a, b) => names[a].name.localeCompare(names[b].name)).map((value) => ({ ...names[value], value })),
		},
		...choices.flatMap((choice) => fields[choice] ?? []),
	];
}

/** What is to be cleared for one item, validated: an expression that gives nothing must not clear more than was meant. */
export function toRules(read: (name: string) => unknown, workflow: string): Rule[] {
	const choice = requireOneOf('Clear', read('clear') ?? 'workflow', CHOICES);
	switch (choice) {
		case 'all':
			return [{ kind: 'all' }];
		case 'workflow':
			return [{ kind: 'workflow', workflow }];
		case 'node':
			return [{ kind: 'node', workflow, node: requireText('Node Name', read('clearNode')).trim() }];
		case 'tag':
			return toTagRules(read('clearTags'));
		case 'url':
			return [{ kind: 'url', pattern: shownUrl(toPattern('URL to Clear', read('clearUrl'))) }];
		case 'key':
			return [{ kind: 'key', pattern: toPattern('Key', read('clearKey')) }];
	}
}

function toTagRules(value: unknown): Rule[] {
	const tags = toTags('Tags to Clear', value);
	if (tags.length === 0) throw new InvalidOptionError('Tags to Clear', 'at least one tag', value);
	return tags.map((pattern) => ({ kind: 'tag', pattern }));
}

function toPattern(name: string, value: unknown): string {
	const pattern = requireText(name, value).trim();
	if (pattern.length <= MAX_PATTERN_LENGTH) return pattern;
	throw new InvalidOptionError(name, `a text of at most ${MAX_PATTERN_LENGTH} characters`, value);
}
