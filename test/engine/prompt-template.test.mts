import type { INode } from 'n8n-workflow';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../helpers/engine.mts';
import { named, NODE, ownFolder, runTemplate } from '../helpers/template-node.mts';

let engine: Engine;
let removeFolder: () => void;

beforeAll(async () => {
	engine = await createEngine();
});

beforeEach(() => {
	removeFolder = ownFolder();
});

afterEach(() => removeFolder());

const run = async (parameters: Record<string, unknown>, input: Array<Record<string, unknown>> = [{}], node: Partial<INode> = {}) =>
	await runTemplate({ engine, parameters, input, node });
const json = async (...given: Parameters<typeof run>) => (await run(...given)).json(NODE);
const library = (name: string, version = '') => ({ templateFrom: 'library', ...named(name, version) });
const save = async (name: string, templateText: string, more: Record<string, unknown> = {}) => await json({ operation: 'save', name, templateText, ...more });

describe('Fill', () => {
	test('works untouched, and opens no library for a text of its own', async () => {
		const result = await run({}, [{ name: 'undici', tags: ['http', 'client'] }, { name: 'keyv' }]);
		expect(result.json(NODE)).toEqual([
			{ text: 'Describe the package undici in one sentence. Tags: http, client.' },
			{ text: 'Describe the package keyv in one sentence.' },
		]);
		expect(result.items(NODE).map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }]);
	});

	test('maps fields, escapes, and puts the text where it is wanted', async () => {
		const parameters = {
			templateText: '{"t": "{{ title }}", "n": {{ count }}}',
			fieldMapping: { fields: [{ field: 'count', path: 'meta.n' }] },
			options: { escape: 'json', includeInput: true, outputField: 'body', synonyms: { fields: [{ field: 'title', others: 'headline, caption' }] } },
		};
		expect(await json(parameters, [{ Caption: 'a "b"', meta: { n: 3 } }])).toEqual([{ Caption: 'a "b"', meta: { n: 3 }, body: '{"t": "a \\"b\\"", "n": 3}' }]);
	});

	test('fails the items alone that have not what is needed', async () => {
		const parameters = { templateText: 'Hi {{ name }}' };
		const result = await run(parameters, [{ name: 'Ann' }, { nam: 'Bob' }, { name: 'Cy', Name: 'X' }], { onError: 'continueRegularOutput' });
		expect(result.json(NODE)).toEqual([
			{ text: 'Hi Ann' },
			{ error: 'The template needs the field "name", which has no value (line 1, column 7): the item has nam', details: { code: 'ERR_TEMPLATE' } },
			{ text: 'Hi Cy' },
		]);
		const stopped = await run(parameters, [{ name: 'Ann' }, { nam: 'Bob' }]);
		expect(stopped.error).toMatchObject({ message: expect.stringContaining('needs the field "name"') as string, context: { itemIndex: 1 } });
		expect((await run({ ...parameters, options: { strict: false } }, [{}])).json(NODE)).toEqual([{ text: 'Hi ' }]);
	});

	test('takes the text from a field of each item', async () => {
		expect(await json({ templateFrom: 'item', textField: 'prompt' }, [{ prompt: '{{ a }}!', a: 1 }, { prompt: '{{ a }}?', a: 2 }])).toEqual([{ text: '1!' }, { text: '2?' }]);
	});

	test('puts many texts into files, with the items that failed beside them', async () => {
		const items = Array.from({ length: 25 }, (_, n) => (n === 12 ? { m: n } : { n }));
		const parameters = { templateText: 'Text {{ n }}', options: { putInto: 'files', textsPerFile: 10 } };
		const result = await run(parameters, items, { onError: 'continueRegularOutput' });
		expect(result.json(NODE)).toEqual([
			{ file: 'texts-1.ndjson', texts: 10, failed: 0 },
			{ file: 'texts-2.ndjson', texts: 9, failed: 1 },
			{ error: expect.stringContaining('needs the field "n"') as string, details: { code: 'ERR_TEMPLATE' } },
			{ file: 'texts-3.ndjson', texts: 5, failed: 0 },
		]);
		const [, second, failed] = result.items(NODE);
		expect([second?.pairedItem, failed?.pairedItem]).toEqual([[10, 11, 13, 14, 15, 16, 17, 18, 19].map((item) => ({ item })), { item: 12 }]);
		const { data, mimeType } = second!.binary!.data!;
		expect(mimeType).toBe('application/x-ndjson');
		const lines = Buffer.from(data, 'base64').toString().trim().split('\n').map((line) => JSON.parse(line) as unknown);
		expect(lines.slice(0, 3)).toEqual([{ item: 10, text: 'Text 10' }, { item: 11, text: 'Text 11' }, { item: 13, text: 'Text 13' }]);
		expect((await run(parameters, items)).error).toMatchObject({ message: expect.stringContaining('needs the field "n"') as string, context: { itemIndex: 12 } });
	});

	test('hears Stop among fifty thousand items', async () => {
		const items = Array.from({ length: 50_000 }, (_, n) => ({ n }));
		const controller = new AbortController();
		setTimeout(() => controller.abort(), 50);
		const startedAt = process.cpuUsage();
		const result = await engine.run({
			workflow: {
				nodes: [{ name: 'Trigger', type: 'n8n-nodes-base.manualTrigger' }, { name: NODE, type: 'n8n-nodes-fastpath.promptTemplate', parameters: { templateText: '{% for i in (1..300) %}{{ n }}{{ i }}{% endfor %}' } }],
				connections: { Trigger: { main: [[{ node: NODE, type: 'main', index: 0 }]] } },
			},
			input: items,
			signal: controller.signal,
		});
		expect(result.status).toBe('canceled');
		expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(10_000);
	});

	test('explains where fields would come from', async () => {
		const [explained] = await json({ operation: 'explain', templateText: '{{ firstName }} {{ mail }}' }, [{ first_name: 'Ann' }]);
		expect(explained).toMatchObject({
			fields: [
				{ field: 'firstName', from: 'first_name', score: 0.9, why: 'the same name in another spelling' },
				{ field: 'mail', from: null, score: 0, why: 'the item has first_name' },
			],
			missing: ['mail'],
		});
	});
});

describe('a library in the file', () => {
	test('saves, fills by name and version, gets, lists, finds and deletes', async () => {
		expect(await save('tags/one', 'Tag {{ name }}', { details: { tags: 'ai, tags', description: 'For packages' } })).toMatchObject([
			{ name: 'tags/one', version: '1', outcome: 'created', fields: ['name'], tags: ['ai', 'tags'], versions: 1 },
		]);
		expect(await save('tags/one', 'Tag the {{ name }}')).toMatchObject([{ version: '2', outcome: 'created', versions: 2 }]);
		expect(await json(library('tags/one'), [{ name: 'x' }])).toEqual([{ text: 'Tag the x' }]);
		expect(await json(library('tags/one', '1'), [{ name: 'x' }])).toEqual([{ text: 'Tag x' }]);
		await save('mail', 'Dear {{ name }}', { declaredFields: { fields: [{ name: 'name', type: 'text', required: true, synonyms: 'who' }, { name: 'n', type: 'number', default: '3' }] } });
		expect(await json({ operation: 'get', ...library('mail') })).toMatchObject([
			{ text: 'Dear {{ name }}', fields: [{ name: 'name', type: 'text', required: true, synonyms: ['who'] }, { name: 'n', type: 'number', required: false, default: 3 }] },
		]);
		expect((await json({ operation: 'list' })).map(({ name }) => name)).toEqual(['mail', 'tags/one']);
		expect((await json({ operation: 'find', findFields: 'n' })).map(({ name }) => name)).toEqual(['mail']);
		expect(await json({ operation: 'delete', ...library('tags/one') })).toEqual([{ name: 'tags/one', version: null, deleted: 2 }]);
		expect((await json({ operation: 'list' })).map(({ name }) => name)).toEqual(['mail']);
	});

	test('goes out as JSON and comes in again', async () => {
		await save('a', 'A {{ x }}', { details: { tags: 't' } });
		await save('a', 'AA {{ x }}', { details: { tags: 't' } });
		await save('b', 'B {% render "a", x: y %}');
		const [exported] = await json({ operation: 'export' });
		await json({ operation: 'delete', ...library('a') });
		await json({ operation: 'delete', ...library('b') });
		expect(await json({ operation: 'import' }, [exported!])).toEqual([{ created: 3, replaced: 0, unchanged: 0, skipped: 0 }]);
		expect(await json({ operation: 'import' }, [exported!])).toEqual([{ created: 0, replaced: 0, unchanged: 3, skipped: 0 }]);
		expect(await json(library('b'), [{ y: 'z' }])).toEqual([{ text: 'B AA z' }]);
		const changed = [{ name: 'a', version: '2', text: 'changed' }, { name: 'c', text: 'C' }];
		expect(await json({ operation: 'import', importJson: JSON.stringify(changed), whenThere: 'keep' })).toEqual([{ created: 1, replaced: 0, unchanged: 0, skipped: 1 }]);
		expect(await json({ operation: 'export', findTags: 't' })).toMatchObject([{ templates: [{ name: 'a', version: '1' }, { name: 'a', version: '2' }] }]);
	});

	test('says what is wrong with the item that brings it', async () => {
		const items = [{ name: 'ok', template: 'x' }, { name: 'no*', template: 'x' }, { name: 'open', template: '{{ x' }];
		const result = await run({ operation: 'save', name: '={{ $json.name }}', templateFrom: 'item' }, items, { onError: 'continueRegularOutput' });
		expect(result.json(NODE)).toMatchObject([
			{ outcome: 'created' },
			{ error: 'Invalid Template Name: expected at most 80 letters, digits, spaces and . _ / -, got "no*"' },
			{ error: 'The template "open" cannot be read: output "{{ x" not closed (line 1, column 1)' },
		]);
		expect((await run(library('nowhere'))).error?.message).toBe('There is no template "nowhere" in the library');
	});
});
