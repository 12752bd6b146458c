import type { INodeProperties } from 'n8n-workflow';
import { withJson, type AiAnswer } from '../../../lib/ai';
import { marksOf, toTags } from '../../../lib/cache/marks';
import { InvalidOptionError } from '../../../lib/core/errors';
import { requireOneOf, requireText } from '../../../lib/core/validate';
import { tagsProperty, toTtlMs } from '../../shared/cache';
import type { Operation, Read } from './operation';

const KEY = /^[0-9a-f]{64}$/;

const fields: readonly INodeProperties[] = [
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
		noDataExpression: true,
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
		default: 1800,
		typeOptions: { minValue: 1 },
		description: 'How long the answer counts as fresh. A call that has a shorter time to live goes by its own.',
	},
	{ ...tagsProperty({}), name: 'warmTags' },
];

export const warmCache: Operation = {
	name: 'Warm Cache',
	action: 'Warm the cache',
	description: 'Store answers that are known already, so that the calls they belong to need not be made',
	fields,
	async perform(read, { runtime, shared, place }) {
		const { key, answer, ttlMs, tags } = toEntry(read);
		const store = shared?.store ?? runtime.store;
		const stored = await store.set(key, answer, { ttlMs, keepMs: ttlMs, marks: marksOf(place, tags) });
		return { json: { key, stored, ttlSeconds: ttlMs / 1000, store: shared ? 'shared' : 'process' } };
	},
};

function toEntry(read: Read) {
	return { key: toKey(read('warmKey')), answer: toAnswer(read), ttlMs: toTtlMs(read('warmTtlSeconds')), tags: toTags('Tags', read('warmTags')) };
}

function toKey(value: unknown): string {
	const key = typeof value === 'string' ? value.trim() : value;
	if (typeof key === 'string' && KEY.test(key)) return key;
	throw new InvalidOptionError('Key', 'a key of 64 hexadecimal digits', value);
}

/** As a call would have stored it; what it cost is not known, so calls that get it count no savings. */
function toAnswer(read: Read): AiAnswer {
	const text = requireText('Answer', read('warmAnswer'));
	const format = requireOneOf('Answer Format', read('warmFormat') ?? 'text', ['text', 'json']);
	const answer: AiAnswer = { text, model: requireText('Model Name', read('warmModel')), usage: null, finishReason: 'stop', providerFinishReason: '' };
	return format === 'json' ? withJson(answer, { json: {} }) : answer;
}
