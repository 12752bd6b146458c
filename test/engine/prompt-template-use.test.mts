import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';
import { NODE, runHttp } from '../helpers/http-node.mts';
import { named, ownFolder, runTemplate } from '../helpers/template-node.mts';
import { withServer } from '../helpers/with-server.mts';

const { getRuntime } = createRequire(import.meta.url)('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
const CHAT = 'POST /v1/chat/completions';
const calls = () => standIn.counters().calls[CHAT] ?? 0;

let removeFolder: () => void;

beforeEach(async () => {
	removeFolder = ownFolder();
	await getRuntime().store.clear();
});

afterEach(() => removeFolder());

const template = async (parameters: Record<string, unknown>) => {
	const result = await runTemplate({ engine, parameters });
	if (result.error) throw result.error;
};
const save = async (name: string, templateText: string, more: Record<string, unknown> = {}) => await template({ operation: 'save', name, templateText, ...more });
const ask = async (name: string, input: Array<Record<string, unknown>>, { version = '', ...run }: Partial<AiRun> & { version?: string } = {}) =>
	await runAi({ engine, standIn, workflowId: 'templates', input, ...run, parameters: { promptType: 'template', ...named(name, version), options: {}, ...run.parameters } });
const cached = async (...given: Parameters<typeof ask>) => answers(await ask(...given)).map((answer) => answer.cached);

describe('Cached AI Call with a template of the library', () => {
	test('asks with the filled text, maps fields, and answers the same item from the cache', async () => {
		await save('tag', 'tag this package: {{ packageName }}');
		const before = calls();
		const items = [{ package_name: 'undici' }, { package_name: 'keyv' }, { package_name: 'undici' }];
		const first = answers(await ask('tag', items));
		expect(first.map(({ text }) => text)).toEqual([first[0]?.text, expect.any(String), first[0]?.text]);
		expect(calls() - before).toBe(2);
		expect(await cached('tag', items)).toEqual([true, true, true]);
		const [explained] = answers(await ask('tag', [{ packageName: 'undici' }], { parameters: { options: { explain: true } } }));
		expect(explained).toMatchObject({ cache: 'hit', template: { name: 'tag', version: '1', hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
	});

	test('another version is another key, also where it gives the same words; an older one is answered as before', async () => {
		await save('tag', 'tag this package: {{ name }}', { details: { version: '1' } });
		expect(await cached('tag', [{ name: 'a' }], { version: '1' })).toEqual([false]);
		await save('tag', 'tag this package: {{ name | strip }}', { details: { version: '2' } });
		await getRuntime().store.clear();
		expect([await cached('tag', [{ name: 'a' }], { version: '1' }), await cached('tag', [{ name: 'a' }], { version: '2' }), await cached('tag', [{ name: 'a' }], { version: '1' })]).toEqual([[false], [false], [true]]);
	});

	test.each([
		['changing it', async () => await save('tag', 'tag this package: {{ name }}!')],
		['deleting it', async () => await template({ operation: 'delete', ...named('tag') })],
		['clearing by its tag', async () => void (await runAi({ engine, standIn, parameters: { operation: 'clear', clear: 'tag', clearTags: 'template:tag' } }))],
	])('%s clears its answers, and no others', async (_how, change) => {
		await save('tag', 'tag this package: {{ name }}');
		await save('other', 'tag this other package: {{ name }}');
		await ask('tag', [{ name: 'a' }]);
		await ask('other', [{ name: 'a' }]);
		const entries = getRuntime().store.stats().entries ?? NaN;
		await change();
		expect(entries - (getRuntime().store.stats().entries ?? NaN)).toBe(1);
		expect(await cached('other', [{ name: 'a' }])).toEqual([true]);
	});

	test('a field that is missing fails its item, and nothing is sent for it', async () => {
		await save('tag', 'tag this package: {{ name }}');
		const before = calls();
		const result = await ask('tag', [{ title: 'x' }, { name: 'b' }], { node: { onError: 'continueRegularOutput' } });
		expect(answers(result)[0]).toMatchObject({ error: 'The template "tag" needs the field "name", which has no value (line 1, column 22): the item has title' });
		expect(calls() - before).toBe(1);
		expect((await ask('none', [{}])).error?.message).toBe('There is no template "none" in the library');
	});
});

describe('Batch Request with a template of the library', () => {
	const send = async (url: string, input: Array<Record<string, unknown>>, parameters: Record<string, unknown> = {}) =>
		await runHttp({
			engine,
			input,
			node: { type: 'n8n-nodes-fastpath.batchRequest', onError: 'continueRegularOutput' },
			parameters: { method: 'POST', url, sendBody: true, contentType: 'template', ...named('body'), options: {}, ...parameters },
		});

	test('sends what it gives for each item, as JSON that is JSON', async () => {
		await save('body', '{"title": "{{ title }}", "tags": {{ tags | json }}}', { escape: 'json' });
		await withServer(
			(request, response, body) => {
				response.setHeader('content-type', 'application/json').end(JSON.stringify({ type: request.headers['content-type'], got: JSON.parse(body.toString()) as unknown }));
			},
			async (server) => {
				const result = await send(`${server.url}/x`, [{ Title: 'a "b"', tags: [1] }, { title: 'c' }]);
				expect(result.json(NODE)).toMatchObject([
					{ type: 'application/json', got: { title: 'a "b"', tags: [1] } },
					{ error: 'The template "body" needs the field "tags", which has no value (line 1, column 37): the item has title' },
				]);
			},
		);
	});

	test('sends nothing that is announced as JSON and is none', async () => {
		await save('body', '{"title": "{{ title }}"}');
		const result = await send('http://127.0.0.1:9/never', [{ title: 'a "b"' }]);
		expect(result.json(NODE)[0]?.error).toMatch(/^The template "body" gave no valid JSON .*; is it saved with Escape Values For: JSON\?$/);
	});
});
