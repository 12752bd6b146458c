import type { INodeExecutionData } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { answers, runAi, type AiRun } from '../helpers/ai-node.mts';
import { engine, standIn } from '../helpers/ai-suite.mts';

const item = (bytes: string | Buffer, mimeType = 'image/png'): INodeExecutionData => ({
	json: {},
	binary: { photo: { data: Buffer.from(bytes).toString('base64'), mimeType, fileName: 'photo' } },
});

const run = async (input: INodeExecutionData[], options: Record<string, unknown> = {}, more: Partial<AiRun> = {}) =>
	await runAi({
		engine,
		standIn,
		workflowId: 'one-workflow',
		...more,
		parameters: { prompt: 'tag this package: shown in a picture', options: { imageFields: 'photo', ...options }, ...more.parameters },
		input: input as unknown as Array<Record<string, unknown>>,
	});

describe('images from binary fields', () => {
	test.each(['openAi', 'anthropic', 'gemini'])('reach %s, and their bytes are part of the key', async (provider) => {
		const more = { parameters: { provider } };
		const result = await run([item('one'), item('two'), item('one')], {}, more);
		expect(result.error).toBeUndefined();
		expect(standIn.counters()).toMatchObject({ requests: 2 });
		expect(Object.values(standIn.counters().distinctBodies)).toEqual([2]);
		const again = await run([item('two'), item('three')], {}, more);
		expect(answers(again).map(({ cached }) => cached)).toEqual([true, false]);
	});

	test.each([
		['a field that is missing', { imageFields: 'photo, other' }, item('one'), /other/],
		['a field that holds no image', {}, item('one', 'text/plain'), /expected fields that hold images, got "photo of type text\/plain"/],
		['images that are too large', {}, item(Buffer.alloc(20 * 1_048_576 + 1)), /expected images of at most 20 MB in all/],
	])('%s fails the item clearly', async (_what, options, bad, message) => {
		const result = await run([item('one'), bad], options, { node: { onError: 'continueRegularOutput' } });
		expect(String(answers(result)[1]?.error)).toMatch(message);
	});
});
