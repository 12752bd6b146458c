import type { IDataObject, INodeExecutionData, ITriggerFunctions } from 'n8n-workflow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Runtime } from '../../lib/runtime/index.ts';
import { startTrigger } from '../../nodes/PerformanceAlertTrigger/trigger.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';

const PLACE = Symbol.for('n8n-nodes-fastpath/runtime@1');
const SECOND = 1000;

let clock: FakeClock;
let runtime: Runtime;

beforeEach(() => {
	clock = new FakeClock();
	runtime = new Runtime({ clock });
	(globalThis as Record<symbol, unknown>)[PLACE] = { build: '999.0.0', runtime };
});

afterEach(async () => {
	await runtime.dispose();
	delete (globalThis as Record<symbol, unknown>)[PLACE];
});

interface Started {
	readonly items: INodeExecutionData[];
	readonly key: string | undefined;
}

/** n8n, as far as a trigger sees it: anything else that it asks for is an error. */
function n8n(parameters: Record<string, unknown> = {}, mode = 'trigger', kept: IDataObject = {}) {
	const started: Started[] = [];
	const values: Record<string, unknown> = { events: ['raised', 'escalated', 'resolved'], severity: 'low', kinds: ['memory'], store: 'memory', options: {}, ...parameters };
	const offered: Partial<ITriggerFunctions> = {
		getNodeParameter: ((name: string, fallback: unknown) => values[name] ?? fallback) as ITriggerFunctions['getNodeParameter'],
		getMode: () => mode as ReturnType<ITriggerFunctions['getMode']>,
		getNode: () => ({ id: 'node', name: 'Alerts', type: 'trigger', typeVersion: 1, position: [0, 0], parameters: {} }),
		getWorkflow: () => ({ id: 'workflow', name: 'Workflow', active: true }),
		getWorkflowStaticData: () => kept,
		emit: ([items = []], _response, _done, key) => void started.push({ items, key }),
	};
	const context = new Proxy(offered, {
		get(target, name) {
			if (!(name in target)) throw new Error(`The trigger asks for ${String(name)}`);
			return Reflect.get(target, name) as unknown;
		},
		has: (target, name) => name in target,
	}) as ITriggerFunctions;
	return { context, started, kept, events: () => started.flatMap(({ items }) => items.map(({ json }) => json.event)) };
}

/** The heap is always fuller than nothing. */
const raise = async (memoryPercent = 0.001) => await runtime.oversight.configure({ memoryPercent, cooldownMs: 0 });
const calm = async () => await runtime.oversight.configure({ memoryPercent: 100 });

describe('Performance Alert Trigger', () => {
	test('starts the workflow when an alert is raised and when it is over, once each', async () => {
		const { context, started, events } = n8n();
		const { closeFunction } = await startTrigger(context);
		await clock.advance(60 * SECOND);
		expect(started).toEqual([]);
		await raise();
		await clock.advance(60 * SECOND);
		await calm();
		await clock.advance(60 * SECOND);
		expect(events()).toEqual(['raised', 'resolved']);
		expect(started[0]?.items[0]?.json).toMatchObject({ rule: 'memory', severity: 'low', says: expect.stringContaining('heap') as string, lastedMs: 0 });
		expect(started[1]?.items[0]?.json).toMatchObject({ why: 'recovered', lastedMs: expect.any(Number) as number });
		expect(new Set(started.map(({ key }) => key)).size).toBe(2);
		await closeFunction?.();
	});

	test('leaves no timer behind when it is switched off, and starts nothing more', async () => {
		const before = clock.timers;
		const { context, started } = n8n({ options: { digestMinutes: 1 } });
		const { closeFunction } = await startTrigger(context);
		await raise();
		await clock.advance(30 * SECOND);
		await closeFunction?.();
		const measuring = clock.timers - before;
		await clock.advance(120 * SECOND);
		expect(started).toEqual([]);
		// What is left is the runtime's own measuring.
		expect(measuring).toBeLessThanOrEqual(1);
	});

	test('goes on after a restart where it was: what it has told is not told again', async () => {
		const kept: IDataObject = {};
		const first = n8n({}, 'trigger', kept);
		const one = await startTrigger(first.context);
		await settle();
		await raise();
		await clock.advance(20 * SECOND);
		await one.closeFunction?.();
		expect(first.events()).toEqual(['raised']);
		const second = n8n({}, 'trigger', kept);
		const other = await startTrigger(second.context);
		await clock.advance(20 * SECOND);
		expect(second.events()).toEqual([]);
		await calm();
		await clock.advance(20 * SECOND);
		expect(second.events()).toEqual(['resolved']);
		await other.closeFunction?.();
	});

	test.each([
		[{ kinds: ['cpu'] }, []],
		[{ kinds: ['memory', 'cpu'] }, ['raised', 'resolved']],
		[{ events: ['resolved'] }, ['resolved']],
		[{ severity: 'critical' }, []],
	])('with %j it starts for %j', async (parameters, expected) => {
		const { context, events } = n8n(parameters);
		const { closeFunction } = await startTrigger(context);
		await settle();
		await raise();
		await clock.advance(20 * SECOND);
		await calm();
		await clock.advance(20 * SECOND);
		expect(events()).toEqual(expected);
		await closeFunction?.();
	});

	test('sends one digest for all that happens within its time', async () => {
		const { context, started } = n8n({ options: { digestMinutes: 2, everySeconds: 5 } });
		const { closeFunction } = await startTrigger(context);
		await settle();
		await raise();
		await clock.advance(30 * SECOND);
		await calm();
		await clock.advance(30 * SECOND);
		expect(started).toEqual([]);
		await clock.advance(120 * SECOND);
		expect(started).toMatchObject([{ items: [{ json: { event: 'digest', raised: 1, resolved: 1, alerts: [], text: expect.stringContaining('1 over') as string } }] }]);
		await closeFunction?.();
	});

	test('a test run gets the alerts that stand, or an example where none does', async () => {
		const { context, started } = n8n({}, 'manual');
		const { manualTriggerFunction, closeFunction } = await startTrigger(context);
		await calm();
		await manualTriggerFunction?.();
		await clock.advance(SECOND);
		await raise();
		await manualTriggerFunction?.();
		expect(started.map(({ items }) => items.map(({ json }) => [json.event, json.rule, json.test]))).toEqual([[['raised', 'errorRate', true]], [['raised', 'memory', true]]]);
		expect(closeFunction).toBeUndefined();
	});

	test.each([
		[{ events: [] }, 'Events'],
		[{ events: ['ended'] }, 'Events'],
		[{ severity: 'worst' }, 'Severity From'],
		[{ kinds: ['disk'] }, 'Kinds'],
		[{ options: { everySeconds: 1 } }, 'Check Every'],
		[{ options: { digestMinutes: -1 } }, 'Digest Every'],
		[{ store: 'else' }, 'Store'],
	])('is not activated with %j', async (parameters, name) => {
		await expect(startTrigger(n8n(parameters).context)).rejects.toThrow(name);
	});
});
