import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { costUsd, fromCustomId, isOver, jsonLines, providers, splitBatch, toCustomId, usageOf } from '../../lib/ai';
import type { BatchState } from '../../lib/ai';
import { InvalidOptionError, MalformedAnswerError } from '../../lib/core/errors';

const key = createHash('sha256').update('a request').digest('hex');

describe('a custom id', () => {
	test.each([
		[{ key, position: 0, json: false, cacheable: true, owner: '0123abcd' }],
		[{ key, position: 99_999, json: true, cacheable: true, owner: 'ffffffff' }],
		[{ key, position: 35, json: true, cacheable: false, owner: '00000000' }],
		[{ key, position: 36, json: false, cacheable: false, owner: '00000000' }],
	])('says all that is needed to place the answer, in what every provider takes: %j', (entry) => {
		const id = toCustomId(entry);
		expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
		expect(fromCustomId(id)).toEqual(entry);
	});

	test.each(['', 'request-1', 'x'.repeat(64), `t0123abcd${'!'.repeat(43)}0`])('of another writer is none of ours: %s', (id) => {
		expect(fromCustomId(id)).toBeUndefined();
	});
});

describe('splitting', () => {
	const request = (bytes: number, tokens = 1) => ({ bytes, tokens });

	test('keeps the order, and each batch within all bounds', () => {
		const requests = Array.from({ length: 25 }, (_, index) => request((index % 5) + 1, index % 3));
		const batches = splitBatch(requests, { maxRequests: 6, maxBytes: 15, maxTokens: 5 });
		expect(batches.flat()).toEqual(requests);
		const sum = (batch: typeof requests, of: 'bytes' | 'tokens') => batch.reduce((total, one) => total + one[of], 0);
		for (const batch of batches) {
			expect(batch.length).toBeLessThanOrEqual(6);
			expect(sum(batch, 'bytes')).toBeLessThanOrEqual(15);
			expect(sum(batch, 'tokens')).toBeLessThanOrEqual(5);
		}
		expect(batches.length).toBeLessThan(10);
	});

	test('leaves what is too large by itself alone, and makes nothing of nothing', () => {
		const bounds = { maxRequests: 10, maxBytes: 10 };
		expect(splitBatch([request(3), request(50), request(3)], bounds).map((batch) => batch.length)).toEqual([1, 1, 1]);
		expect(splitBatch([], bounds)).toEqual([]);
	});
});

test('lines of JSON are read one by one, whatever else stands between them', () => {
	const file = Buffer.from('{"a":"ü"}\n\nno JSON\n[1]\n{"cut":');
	expect([...jsonLines(file)]).toEqual([{ a: 'ü' }, [1]]);
});

test('a batch costs half, and what is not known stays unknown', () => {
	const usage = usageOf({ inputTokens: 1000, outputTokens: 100 });
	const full = costUsd('openAi', 'gpt-4o-mini', usage);
	expect(costUsd('openAi', 'gpt-4o-mini', usage, { batch: true })).toBeCloseTo((full ?? 0) / 2, 12);
	expect(full).toBeGreaterThan(0);
	expect(costUsd('openAi', 'no-such-model', usage, { batch: true })).toBeNull();
});

describe('a batch at OpenAI', () => {
	const { batches } = providers.openAi;

	test('goes up as a file of one line per request', () => {
		const entries = [batches.entry('id-1', '{"model":"m"}'), batches.entry('id-2', '{"model":"m","text":"two\\nlines"}')];
		expect(JSON.parse(entries[1] ?? '')).toEqual({ custom_id: 'id-2', method: 'POST', url: '/v1/chat/completions', body: { model: 'm', text: 'two\nlines' } });
		const upload = batches.upload?.request({ entries, name: 'b0' });
		expect(upload).toMatchObject({ method: 'POST', path: '/files', headers: { 'content-type': 'multipart/form-data; boundary=b0' } });
		expect(upload?.raw?.split('--b0')).toEqual([
			'',
			'\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n',
			`\r\nContent-Disposition: form-data; name="file"; filename="b0.jsonl"\r\nContent-Type: application/jsonl\r\n\r\n${entries.join('\n')}\n\r\n`,
			'--\r\n',
		]);
		expect(batches.upload?.parse({ id: 'file-1' })).toBe('file-1');
		expect(() => batches.upload?.parse({})).toThrow(MalformedAnswerError);
		expect(batches.create({ entries, fileId: 'file-1', model: 'm', name: 'b0' }).body).toEqual({
			input_file_id: 'file-1',
			endpoint: '/v1/chat/completions',
			completion_window: '24h',
			metadata: { name: 'b0' },
		});
	});

	test.each<[string, BatchState]>([
		['validating', 'queued'],
		['in_progress', 'in_progress'],
		['finalizing', 'finalizing'],
		['cancelling', 'finalizing'],
		['completed', 'completed'],
		['failed', 'failed'],
		['expired', 'expired'],
		['cancelled', 'cancelled'],
		['a word of the future', 'in_progress'],
	])('that is %s is %s', (status, state) => {
		expect(batches.parse({ id: 'batch_1', status }).state).toBe(state);
	});

	test('tells of its counts, its times and what was wrong with it', () => {
		const body = {
			id: 'batch_1',
			status: 'failed',
			errors: { data: [{ code: 'invalid', message: 'Line 1 is no JSON.', line: 1 }] },
			created_at: 1_711_471_533,
			expires_at: 1_711_557_933,
			failed_at: 1_711_471_600,
			request_counts: { total: 3, completed: 1, failed: 2 },
		};
		expect(batches.parse(body)).toEqual({
			id: 'batch_1',
			state: 'failed',
			counts: { total: 3, completed: 1, failed: 2 },
			createdAt: '2024-03-26T16:45:33.000Z',
			expiresAt: '2024-03-27T16:45:33.000Z',
			endedAt: '2024-03-26T16:46:40.000Z',
			message: 'Line 1 is no JSON.',
		});
		expect(() => batches.parse({ object: 'list' })).toThrow(MalformedAnswerError);
	});

	test('is listed with its name', () => {
		const data = [{ id: 'batch_1', status: 'completed', metadata: { name: 'b0' } }, { id: 'batch_2', status: 'failed', metadata: null }];
		expect(batches.list?.parse({ data })).toMatchObject([{ name: 'b0', batch: { id: 'batch_1' } }, { name: '', batch: { id: 'batch_2', state: 'failed' } }]);
		expect(batches.list?.request.path).toBe('/batches?limit=20');
		expect(batches.list?.parse({})).toEqual([]);
	});

	test('has its answers in one file and its errors in another', () => {
		const paths = (body: unknown) => batches.results(body).files.map(({ path }) => path);
		expect(paths({ output_file_id: 'file-o', error_file_id: 'file/e' })).toEqual(['/files/file-o/content', '/files/file%2Fe/content']);
		expect(paths({ output_file_id: null, error_file_id: null })).toEqual([]);
	});

	test.each([
		[{ custom_id: 'a', response: { status_code: 200, body: { choices: [] } }, error: null }, { id: 'a', state: 'completed', body: { choices: [] } }],
		[{ custom_id: 'a', response: { status_code: 429, body: { error: {} } }, error: null }, { id: 'a', state: 'failed', status: 429, body: { error: {} } }],
		[{ custom_id: 'a', response: null, error: { code: 'batch_expired', message: 'm' } }, { id: 'a', state: 'expired' }],
		[{ custom_id: 'a', response: null, error: { code: 'batch_cancelled', message: 'm' } }, { id: 'a', state: 'cancelled' }],
		[{ custom_id: 'a', response: null, error: { code: 'other', message: 'm' } }, { id: 'a', state: 'failed', status: 500, body: { error: { code: 'other', message: 'm' } } }],
		[{ response: { status_code: 200 } }, undefined],
		['text', undefined],
	])('has a line %j', (line, result) => {
		expect(batches.parseResult(line)).toEqual(result);
	});

	test('is named in the path as nothing but a name', () => {
		expect(batches.get('batch_1').path).toBe('/batches/batch_1');
		expect(batches.cancel('batch 1?x=y').path).toBe('/batches/batch%201%3Fx%3Dy/cancel');
		expect(() => batches.get('  ')).toThrow(InvalidOptionError);
	});
});

describe('a batch at Anthropic', () => {
	const { batches } = providers.anthropic;
	const counts = { processing: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
	const parse = (status: string, more = {}) => batches.parse({ id: 'msgbatch_1', processing_status: status, request_counts: { ...counts, ...more } });

	test('holds its requests itself', () => {
		const entries = ['id-1', 'id-2'].map((id) => batches.entry(id, '{"max_tokens":1}'));
		const wire = batches.create({ entries, fileId: '', model: 'm', name: 'b0' });
		expect(wire).toMatchObject({ path: '/v1/messages/batches', headers: { 'anthropic-version': '2023-06-01' } });
		expect(JSON.parse(wire.raw ?? '')).toEqual({ requests: [{ custom_id: 'id-1', params: { max_tokens: 1 } }, { custom_id: 'id-2', params: { max_tokens: 1 } }] });
	});

	test('ends in a state that its counts tell', () => {
		expect(parse('in_progress', { processing: 2 })).toMatchObject({ state: 'in_progress', counts: { total: 2, completed: 0, failed: 0 } });
		expect(parse('canceling').state).toBe('finalizing');
		expect(parse('ended', { succeeded: 1, errored: 1, expired: 1 })).toMatchObject({ state: 'completed', counts: { total: 3, completed: 1, failed: 2 } });
		expect(parse('ended', { expired: 2, canceled: 1 }).state).toBe('expired');
		expect(parse('ended', { canceled: 1 }).state).toBe('cancelled');
	});

	test('never sends the key where its results say that they are', () => {
		const [file] = batches.results({ id: 'm', results_url: 'https://elsewhere.example/v1/messages/batches/m/results?part=1' }).files;
		expect(file?.path).toBe('/v1/messages/batches/m/results?part=1');
		expect(batches.results({ id: 'm', results_url: null }).files[0]?.path).toBe('/v1/messages/batches/m/results');
	});

	test.each([
		[{ type: 'succeeded', message: { content: [] } }, { id: 'a', state: 'completed', body: { content: [] } }],
		[{ type: 'expired' }, { id: 'a', state: 'expired' }],
		[{ type: 'canceled' }, { id: 'a', state: 'cancelled' }],
		[
			{ type: 'errored', error: { type: 'error', error: { type: 'overloaded_error', message: 'm' } } },
			{ id: 'a', state: 'failed', status: 529, body: { type: 'error', error: { type: 'overloaded_error', message: 'm' } } },
		],
	])('has a result %j', (result, expected) => {
		expect(batches.parseResult({ custom_id: 'a', result })).toEqual(expected);
	});
});

describe('a batch at Gemini', () => {
	const { batches } = providers.gemini;
	const parse = (state: string, more = {}) => batches.parse({ name: 'batches/1', metadata: { state }, ...more });

	test('holds its requests itself, each with its key', () => {
		const wire = batches.create({ entries: [batches.entry('id-1', '{"contents":[]}')], fileId: '', model: 'models/m', name: 'b0' });
		expect(wire.path).toBe('/v1beta/models/m:batchGenerateContent');
		expect(JSON.parse(wire.raw ?? '')).toEqual({
			batch: { displayName: 'b0', inputConfig: { requests: { requests: [{ request: { contents: [] }, metadata: { key: 'id-1' } }] } } },
		});
		expect(batches.get('batches/1').path).toBe('/v1beta/batches/1');
		expect(batches.cancel('1')).toMatchObject({ method: 'POST', path: '/v1beta/batches/1:cancel' });
	});

	test.each<[string, BatchState]>([
		['BATCH_STATE_PENDING', 'queued'],
		['JOB_STATE_RUNNING', 'in_progress'],
		['BATCH_STATE_SUCCEEDED', 'completed'],
		['BATCH_STATE_FAILED', 'failed'],
		['BATCH_STATE_CANCELLED', 'cancelled'],
		['JOB_STATE_EXPIRED', 'expired'],
	])('that is %s is %s', (word, state) => {
		expect(parse(word).state).toBe(state);
	});

	test('is listed with its name', () => {
		const operations = [{ name: 'batches/1', metadata: { displayName: 'b0', state: 'BATCH_STATE_RUNNING' } }];
		expect(batches.list?.parse({ operations })).toMatchObject([{ name: 'b0', batch: { id: 'batches/1', state: 'in_progress' } }]);
		expect(providers.anthropic.batches.list).toBeUndefined();
	});

	test('tells by its operation what its state does not', () => {
		expect(parse('').state).toBe('queued');
		expect(parse('', { done: true }).state).toBe('completed');
		expect(parse('', { done: true, error: { code: 3, message: 'Why.' } })).toMatchObject({ state: 'failed', message: 'Why.' });
		const stats = { requestCount: '3', successfulRequestCount: '2', failedRequestCount: '1' };
		expect(batches.parse({ name: 'batches/1', metadata: { batchStats: stats } }).counts).toEqual({ total: 3, completed: 2, failed: 1 });
	});

	test('has its answers in itself, or in a file', () => {
		const list = { inlinedResponses: { inlinedResponses: [1, 2] } };
		expect(batches.results({ response: list })).toEqual({ files: [], inline: [1, 2] });
		expect(batches.results({ metadata: { output: list } }).inline).toEqual([1, 2]);
		expect(batches.results({ response: { responsesFile: 'files/batch-1' } }).files[0]?.path).toBe('/v1beta/files/batch-1:download?alt=media');
	});

	test.each([
		[{ metadata: { key: 'a' }, response: { candidates: [] } }, { id: 'a', state: 'completed', body: { candidates: [] } }],
		[{ key: 'a', response: { candidates: [] } }, { id: 'a', state: 'completed', body: { candidates: [] } }],
		[{ key: 'a', error: { code: 1, message: 'm' } }, { id: 'a', state: 'cancelled' }],
		[{ key: 'a', error: { code: 8, message: 'm' } }, { id: 'a', state: 'failed', status: 429, body: { error: { code: 8, message: 'm' } } }],
		[{ response: {} }, undefined],
	])('has a line %j', (line, expected) => {
		expect(batches.parseResult(line)).toEqual(expected);
	});
});

test('three states are not the end, four are', () => {
	const states: BatchState[] = ['queued', 'in_progress', 'finalizing', 'completed', 'failed', 'expired', 'cancelled'];
	expect(states.filter(isOver)).toEqual(['completed', 'failed', 'expired', 'cancelled']);
});
