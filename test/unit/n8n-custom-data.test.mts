import type { IExecuteFunctions } from 'n8n-workflow';
import { expect, test } from 'vitest';
import { newTrace } from '../../lib/core/trace.ts';
import { noteExecution } from '../../lib/n8n/custom-data.ts';
import { RunSpan } from '../../lib/n8n/span.ts';
import { notesExecutions } from '../../lib/runtime/measurements.ts';

function execution(kept: Record<string, string> = {}) {
	const data = new Map(Object.entries(kept));
	const context = { customData: { get: (key: string) => data.get(key), set: (key: string, value: string) => data.set(key, value) } };
	return { context: context as unknown as IExecuteFunctions, data };
}

test('the runs of an execution add up, and what is of the user is begun anew', () => {
	const { context, data } = execution({ customer: '7' });
	noteExecution(context, { calls: 20, spared: 12, savedUsd: 0.0031 });
	noteExecution(context, { calls: 5, spared: 5, savedUsd: 0.1 + 0.2 });
	expect(Object.fromEntries(data)).toEqual({ customer: '7', fastpath: '25 calls, 17 spared, 0.3031 USD saved' });
	const other = execution({ fastpath: 'mine' });
	noteExecution(other.context, { calls: 1, spared: 0, savedUsd: 0 });
	expect(other.data.get('fastpath')).toBe('1 calls, 0 spared, 0 USD saved');
});

test('sums of tiny savings stay readable', () => {
	const { context, data } = execution();
	for (let run = 0; run < 3; run += 1) noteExecution(context, { calls: 1, spared: 1, savedUsd: 0.0000004 });
	expect(data.get('fastpath')).toBe('3 calls, 3 spared, 0 USD saved');
});

test('a run notes its calls only where that is wished for', () => {
	expect([{}, { N8N_FASTPATH_CUSTOM_DATA: 'false' }, { N8N_FASTPATH_CUSTOM_DATA: 'True' }].map(notesExecutions)).toEqual([false, false, true]);
	const span = new RunSpan();
	span.count({ ...newTrace(), cache: 'hit', savedUsd: 0.5 });
	span.count({ ...newTrace(), coalesced: true, savedUsd: 0.25 });
	span.count({ ...newTrace(), cache: 'miss', attempts: 1 });
	const { context, data } = execution();
	span.tell(context, false);
	expect(data.size).toBe(0);
	span.tell(context, true);
	expect(Object.fromEntries(data)).toEqual({ fastpath: '3 calls, 2 spared, 0.75 USD saved' });
});
