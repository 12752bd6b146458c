import type { INodeProperties } from 'n8n-workflow';
import { withJson, type AiAnswer } from '../../../lib/ai';
import { marksOf, toTags } from '../../../lib/cache/marks';
import { InvalidOptionError } from '../../../lib/core/errors';
import { requireOneOf, requireText } from '../../../lib/core/validate';
import { tagsProperty, toTtlMs } from '../../shared/cache';
import { parseJsonField } from '../../shared/json';
import type { Desk, Operation, Read } from './operation';

const KEY = /^[0-9a-f]{64}$/;
const MAX_ANSWERS = 1000;
const DEFAULT_TTL_SECONDS = 1800;
const EXAMPLE = '[\n  {\n    "key": "…",\n    "answer": "The text that the model would have given",\n    "model": "gpt-4o-mini",\n    "format": "text",\n    "ttlSeconds": 1800,\n    "tags": ["imported"]\n  }\n]';

const ofOne: readonly INodeProperties[] = [
	{
		displayName: 'Key',
		name: 'warmKey',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. {{ $json.key }}',
		description: 'The key of the call that the answer is for, as Explain Only of Cached AI Call puts it out, or the trace (_fastpath) of a call shows it',
	},
	{
		displayName: 'Answer',
		name: 'warmAnswer',
		type: 'string',
		typeOptions: { rows: 4 },
		default: '',
		required: true,
		placeholder: 'e.g. {{ $json.text }}',
		description: 'The text that the model would have given',
	},
	{
		displayName: 'Answer Format',
		name: 'warmFormat',
		type: 'options',
		default: 'text',
		description: 'What the call asks for under Output',
		options: [
			{ name: 'JSON', value: 'json', description: 'The answer must be JSON' },
			{ name: 'Text', value: 'text' },
		],
	},
	{
		displayName: 'Model Name',
		name: 'warmModel',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. gpt-4o-mini',
		description: 'The model that gave the answer, as calls that get it will show it',
	},
	{
		displayName: 'Time to Live (Seconds)',
		name: 'warmTtlSeconds',
		type: 'number',
		default: DEFAULT_TTL_SECONDS,
		typeOptions: { minValue: 1 },
		description: 'How long the answer counts as fresh. A call that has a shorter time to live goes by its own.',
	},
	{ ...tagsProperty({}), name: 'warmTags' },
];

export const warmCache: Operation = {
	name: 'Warm Cache',
	action: 'Warm the cache',
	description: 'Store answers that are known already, so that the calls they belong to need not be made',
	fields: [
		{
			displayName: 'Input',
			name: 'warmFrom',
			type: 'options',
			noDataExpression: true,
			default: 'one',
			options: [
				{ name: 'A List of Answers', value: 'list', description: 'All of them, or none if one of them is not valid' },
				{ name: 'One Answer', value: 'one', description: 'For each item' },
			],
		},
		...ofOne.map((field) => ({ ...field, displayOptions: { show: { warmFrom: ['one'] } } })),
		{
			displayName: 'Answers',
			name: 'warmEntries',
			type: 'json',
			typeOptions: { rows: 10 },
			default: EXAMPLE,
			required: true,
			description: 'A JSON list. Format, ttlSeconds and tags may be left out.',
			displayOptions: { show: { warmFrom: ['list'] } },
		},
	],
	async perform(read, desk) {
		const store = desk.shared ? 'shared' : 'process';
		if (requireOneOf('Input', read('warmFrom') ?? 'one', ['one', 'list']) === 'one') return { json: { ...(await keep(desk, toEntry(read))), store } };
		const entries = toEntries(read('warmEntries'));
		return { json: { answers: await Promise.all(entries.map(async (entry) => await keep(desk, entry))), store } };
	},
};

interface Entry {
	readonly key: string;
	readonly answer: AiAnswer;
	readonly ttlMs: number;
	readonly tags: readonly string[];
}

/** What is too large for the store is not stored. */
async function keep({ runtime, shared, place }: Desk, { key, answer, ttlMs, tags }: Entry): Promise<{ key: string; stored: boolean; ttlSeconds: number }> {
	const store = shared?.store ?? runtime.store;
	const stored = await store.set(key, answer, { ttlMs, keepMs: ttlMs, marks: marksOf(place, tags) });
	return { key, stored, ttlSeconds: ttlMs / 1000 };
}

function toEntries(value: unknown): Entry[] {
	const list = parseJsonField('Answers', value);
	if (!Array.isArray(list) || list.length === 0 || list.length > MAX_ANSWERS) throw new InvalidOptionError('Answers', `a list of 1 to ${MAX_ANSWERS} answers`, list);
	return list.map((entry: unknown, index) => {
		if (typeof entry !== 'object' || entry === null) throw new InvalidOptionError(`Answers[${index}]`, 'an object with key, answer and model', entry);
		const values = entry as Readonly<Record<string, unknown>>;
		const named: Readonly<Record<string, unknown>> = { warmKey: values.key, warmAnswer: values.answer, warmFormat: values.format, warmModel: values.model, warmTtlSeconds: values.ttlSeconds, warmTags: values.tags };
		return toEntry((name) => named[name], `Answers[${index}] `);
	});
}

/** @param of stands before the names of fields in errors */
function toEntry(read: Read, of = ''): Entry {
	return { key: toKey(`${of}Key`, read('warmKey')), answer: toAnswer(read, of), ttlMs: toTtlMs(read('warmTtlSeconds') ?? DEFAULT_TTL_SECONDS), tags: toTags(`${of}Tags`, read('warmTags')) };
}

function toKey(name: string, value: unknown): string {
	const key = typeof value === 'string' ? value.trim() : value;
	if (typeof key === 'string' && KEY.test(key)) return key;
	throw new InvalidOptionError(name, 'a key of 64 hexadecimal digits', value);
}

/** As a call would have stored it; what it cost is not known, so calls that get it count no savings. */
function toAnswer(read: Read, of: string): AiAnswer {
	const text = requireText(`${of}Answer`, read('warmAnswer'));
	const format = requireOneOf(`${of}Answer Format`, read('warmFormat') ?? 'text', ['text', 'json']);
	const answer: AiAnswer = { text, model: requireText(`${of}Model Name`, read('warmModel')), usage: null, finishReason: 'stop', providerFinishReason: '' };
	return format === 'json' ? withJson(answer, { json: {} }) : answer;
}
