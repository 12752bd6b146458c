import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');
const manifest = createRequire(import.meta.url)(path.join(ROOT, 'package.json')) as { bin: Record<string, string> };
const PROGRAM = path.join(ROOT, manifest.bin['n8n-nodes-fastpath'] ?? 'missing');

let folder: string;

beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'fastpath-convert-'));
});

afterAll(async () => {
	await rm(folder, { recursive: true, force: true });
});

interface Ended {
	code: number;
	stdout: string;
	stderr: string;
}

/** The built program, as `npx n8n-nodes-fastpath` starts it. */
async function run(args: string[], input = ''): Promise<Ended> {
	return await new Promise((resolve) => {
		const child = execFile(process.execPath, [PROGRAM, ...args], (error, stdout, stderr) =>
			resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
		);
		child.stdin?.end(input);
	});
}

const node = (name: string, type: string, typeVersion: number, parameters: object = {}) => ({ id: name, name, type, typeVersion, position: [0, 0], parameters });

const THEIRS = 'n8n-nodes-base.httpRequest';
const OURS = 'n8n-nodes-fastpath.pooledHttp';

const workflow = {
	name: 'Sample',
	nodes: [
		node('Start', 'n8n-nodes-base.manualTrigger', 1),
		{ ...node('Get', THEIRS, 4.2, { url: 'https://example.com', options: {} }), credentials: { httpBasicAuth: { id: '1', name: 'x' } } },
		node('Old', THEIRS, 3),
		node('Tool', `${THEIRS}Tool`, 4.4),
	],
	connections: { Start: { main: [[{ node: 'Get', type: 'main', index: 0 }]] } },
	pinData: {},
};

const types = (text: string) => (JSON.parse(text) as typeof workflow).nodes.map(({ type, typeVersion }) => [type, typeVersion]);

describe('convert', () => {
	test('changes the type of HTTP Request nodes and nothing else, and says what it did', async () => {
		const { code, stdout, stderr } = await run(['convert'], `\uFEFF${JSON.stringify(workflow)}`);
		expect(code).toBe(0);
		const nodes = workflow.nodes.map((each) =>
			each.name === 'Get' ? { ...each, type: OURS } : each.name === 'Tool' ? { ...each, type: `${OURS}Tool` } : each,
		);
		expect(JSON.parse(stdout)).toEqual({ ...workflow, nodes });
		expect(stderr).toContain('2 nodes changed to Pooled HTTP: Get, Tool');
		expect(stderr).toContain('left alone: Old: its version 3 works differently');
	});

	test('there and back gives the same workflow', async () => {
		const there = await run(['convert'], JSON.stringify(workflow));
		const back = await run(['convert', '--back'], there.stdout);
		expect(JSON.parse(back.stdout)).toEqual(workflow);
	});

	test('reads and writes files', async () => {
		const [from, to] = [path.join(folder, 'in.json'), path.join(folder, 'out.json')];
		await writeFile(from, JSON.stringify([workflow]));
		const { code, stdout } = await run(['convert', from, '-o', to]);
		expect([code, stdout]).toEqual([0, '']);
		const [converted] = JSON.parse(await readFile(to, 'utf8')) as unknown[];
		expect(types(JSON.stringify(converted))).toContainEqual([OURS, 4.2]);
	});

	test('back gives a node of our own version the newest one, its credential type the old name, and names what is lost', async () => {
		const parameters = { operation: 'request', authentication: 'genericCredentialType', genericCredentialType: 'httpBasicAuth', options: { maxRetries: 5, timeout: 1 } };
		const { stdout, stderr } = await run(['convert', '-b'], JSON.stringify({ nodes: [node('Mine', OURS, 1, parameters), node('Dev', 'CUSTOM.pooledHttp', 4.1)] }));
		expect(types(stdout)).toEqual([[THEIRS, 4.5], [THEIRS, 4.1]]);
		expect((JSON.parse(stdout) as typeof workflow).nodes[0]?.parameters).toEqual({
			authentication: 'genericCredentialType',
			genericAuthType: 'httpBasicAuth',
			options: { maxRetries: 5, timeout: 1 },
		});
		expect(stderr).toContain('Mine: HTTP Request has no maxRetries and drops them');
	});

	test.each([
		['what is no JSON', ['convert'], '{', 1, 'standard input: '],
		['what is no workflow', ['convert'], '{"a":1}', 1, 'This is no workflow'],
		['a file that is not there', ['convert', 'no-such-file.json'], '', 1, 'no-such-file.json: '],
		['an unknown command', ['shrink'], '', 2, 'n8n-nodes-fastpath convert'],
		['an unknown option', ['convert', '--fast'], '', 2, 'n8n-nodes-fastpath convert'],
	])('refuses %s', async (_what, args, input, expected, words) => {
		const { code, stdout, stderr } = await run(args, input);
		expect([code, stdout]).toEqual([expected, '']);
		expect(stderr).toContain(words);
	});

	test('shows how it is used', async () => expect((await run(['--help'])).stdout).toContain('--back'));
});
