import type { INode, INodeTypeDescription, IWorkflowBase } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { RecursionError } from '../../lib/core/errors.ts';
import { Ancestry } from '../../lib/flight/ancestry.ts';
import { actsOf, type Describe } from '../../nodes/CachedWorkflow/acts.ts';
import { familyOf } from '../../nodes/CachedWorkflow/identity.ts';
import { declaredInputs } from '../../nodes/CachedWorkflow/inputs.ts';

const node = (type: string, parameters: INode['parameters'] = {}, more: Partial<INode> = {}): INode => ({
	id: type, name: type.split('.').at(-1) ?? type, type, typeVersion: 1.1, position: [0, 0], parameters, ...more,
});

const workflow = (id: string, nodes: INode[]): IWorkflowBase => ({ id, name: id, nodes, connections: {}, active: true, isArchived: false, createdAt: new Date(0), updatedAt: new Date(0), activeVersionId: null });

/** As n8n knows them: with a credential, unless it is one of its own. */
const asService: Describe = ({ type, parameters }) => ({ parameters, type: { group: [], credentials: /^n8n-nodes-base\.(set|dateTime)$/.test(type) ? [] : [{ name: 'api' }] } as unknown as INodeTypeDescription });

describe('nodes that act', () => {
	test.each([
		[node('n8n-nodes-base.slack', { operation: 'post' }), 'operation post'],
		[node('n8n-nodes-base.googleSheets', { operation: 'appendOrUpdate' }), 'operation appendOrUpdate'],
		[node('n8n-nodes-base.mongoDb', { operation: 'findOneAndUpdate' }), 'operation findOneAndUpdate'],
		[node('n8n-nodes-base.unheardOf', { operation: 'frobnicate' }), 'operation frobnicate'],
		[node('n8n-nodes-base.postgres', { operation: 'executeQuery', query: 'delete from users' }), 'runs a query that may write'],
		[node('n8n-nodes-base.dataTable', { operation: 'insert' }), 'operation insert'],
		[node('n8n-nodes-base.httpRequest', { method: 'DELETE' }), 'sends DELETE'],
		[node('n8n-nodes-base.httpRequest', { method: '={{ $json.method }}' }), 'sends with a method by expression'],
		[node('n8n-nodes-base.graphql', { query: 'mutation { add }' }), 'sends a mutation'],
		[node('n8n-nodes-base.slack', { operation: 'sendAndWait' }), 'waits for an answer'],
		[node('n8n-nodes-base.wait'), 'waits'],
		[node('n8n-nodes-base.respondToWebhook'), 'responds'],
		[node('n8n-nodes-base.code', { jsCode: 'const data = $getWorkflowStaticData("global")' }), 'keeps state'],
		[node('n8n-nodes-base.removeDuplicates', { operation: 'removeItemsSeenInPreviousExecutions' }), 'keeps state'],
		[node('@n8n/n8n-nodes-langchain.memoryBufferWindow'), 'keeps state'],
		[node('@n8n/n8n-nodes-langchain.vectorStoreQdrant', { mode: 'insert' }), 'writes'],
		[node('n8n-nodes-fastpath.cachedWorkflow', { operation: 'clear' }), 'clears a cache'],
	])('%o is named by what it does', (acting, act) => {
		expect(actsOf([{ path: [], nodes: [acting] }], asService)).toEqual([`${acting.name} (${act})`]);
	});

	test.each([
		node('n8n-nodes-base.googleSheets', { operation: 'read' }),
		node('n8n-nodes-base.slack', { operation: 'getMany' }),
		node('n8n-nodes-base.postgres', { operation: 'executeQuery', query: '-- all\nSELECT * FROM users' }),
		node('n8n-nodes-base.httpRequest', { method: 'GET' }),
		node('n8n-nodes-base.httpRequest'),
		node('n8n-nodes-base.graphql', { query: '{ user { id } }' }),
		node('n8n-nodes-base.dateTime', { operation: 'addToDate' }),
		node('n8n-nodes-fastpath.cachedAiCall', { operation: 'chat' }),
		node('n8n-nodes-fastpath.cachedWorkflow', { operation: 'run' }),
		node('@n8n/n8n-nodes-langchain.vectorStoreQdrant', { mode: 'retrieve' }),
	])('%o reads or computes', (reading) => {
		expect(actsOf([{ path: [], nodes: [reading] }], asService)).toEqual([]);
	});

	test('of a workflow that is called in turn, with the way to it', async () => {
		const called = workflow('below', [node('n8n-nodes-base.emailSend')]);
		const { members } = await familyOf(workflow('sub', [node('n8n-nodes-base.executeWorkflow', { workflowId: { value: 'below' } })]), async () => called);
		expect(actsOf(members, asService)).toEqual(['below › emailSend (sends)']);
	});
});

describe('the version of a sub-workflow', () => {
	const versionOf = async (nodes: INode[], others: Record<string, IWorkflowBase> = {}) => await familyOf(workflow('sub', nodes), async (id) => others[id]);

	test('is another one after what runs has changed, and only then', async () => {
		const { version } = await versionOf([node('n8n-nodes-base.set', { a: 1 })]);
		const changed = [
			[node('n8n-nodes-base.set', { a: 2 })],
			[node('n8n-nodes-base.set', { a: 1 }, { name: 'renamed' })],
			[node('n8n-nodes-base.set', { a: 1 }, { credentials: { api: { id: '1', name: 'one' } } })],
			[node('n8n-nodes-base.set', { a: 1 }), node('n8n-nodes-base.set')],
		];
		for (const nodes of changed) expect((await versionOf(nodes)).version).not.toBe(version);
		const same = [node('n8n-nodes-base.set', { a: 1 }, { position: [9, 9], notes: 'a note' }), node('n8n-nodes-base.stickyNote'), node('n8n-nodes-base.set', {}, { disabled: true })];
		expect((await versionOf(same)).version).toBe(version);
	});

	test('goes on through what is called, ends in circles, and says what cannot be known', async () => {
		const call = (id: string) => node('n8n-nodes-base.executeWorkflow', { workflowId: { value: id } });
		const circle = { one: workflow('one', [call('two')]), two: workflow('two', [call('one'), call('missing')]) };
		const { members, unknown } = await versionOf([call('one')], circle);
		expect(members.map(({ path }) => path)).toEqual([[], ['one'], ['one', 'two']]);
		expect(unknown).toBe(false);
		expect((await versionOf([call('={{ $json.id }}')])).unknown).toBe(true);
		const endless = await familyOf(workflow('w0', [call('w1')]), async (id) => workflow(id, [call(`w${Number(id.slice(1)) + 1}`)]));
		expect(endless.members).toHaveLength(50);
		expect(endless.unknown).toBe(true);
	});
});

test('inputs are those that the trigger declares', () => {
	const type = 'n8n-nodes-base.executeWorkflowTrigger';
	const of = (...nodes: INode[]) => declaredInputs(nodes, asService);
	expect(of(node(type, { inputSource: 'workflowInputs', workflowInputs: { values: [{ name: 'b' }, { name: 'a' }] } }))).toEqual(['a', 'b']);
	expect(of(node(type, { inputSource: 'jsonExample', jsonExample: '{ "city": "Oslo", "days": 1 }' }))).toEqual(['city', 'days']);
	expect(of(node(type, { inputSource: 'jsonExample', jsonExample: 'nonsense' }))).toBeUndefined();
	expect(of(node(type, { inputSource: 'passthrough' }))).toBeUndefined();
	expect(of(node(type, { inputSource: 'workflowInputs', workflowInputs: { values: [{ name: 'a' }] } }, { typeVersion: 1 }))).toBeUndefined();
});

describe('who waits for whom', () => {
	test('follows the work through what is awaited, and nothing else', async () => {
		const ancestry = new Ancestry();
		const tick = async () => await new Promise((resolve) => setImmediate(resolve));
		await ancestry.run(ancestry.descend('a', 'b'), async () => {
			await tick();
			expect(ancestry.descend('b', 'c')).toEqual(['a', 'b', 'c']);
			expect(() => ancestry.descend('b', 'a')).toThrow(RecursionError);
		});
		expect(ancestry.descend('b', 'a')).toEqual(['b', 'a']);
		expect(() => ancestry.descend('a', 'a')).toThrow(/a → a/);
	});

	test('is bounded in depth', async () => {
		const ancestry = new Ancestry();
		const dive = async (level: number): Promise<number> => await ancestry.run(ancestry.descend(`w${level}`, `w${level + 1}`), async () => await dive(level + 1));
		await expect(dive(0)).rejects.toThrow(/20 levels deep/);
	});
});
