/** What a real n8n tells of our calls: in its own /metrics, as attributes of the spans that it would send, and in the custom data of executions. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startInstalledN8n, type InstalledN8n } from '../helpers/installed-n8n.mts';
import { findProgram } from '../toolchain/system-packages.mts';

const PROMTOOL = findProgram('promtool');
if (!PROMTOOL) console.warn('promtool is not on this machine: its check is SKIPPED (Debian: apt-get install prometheus)');

let installed: InstalledN8n;
let workflowId: string;

beforeAll(async () => {
	const items = Array.from({ length: 200 }, (_item, index) => ({ index, name: `package-${index}` }));
	installed = await startInstalledN8n({ standIn: { items }, env: { N8N_METRICS: 'true', N8N_FASTPATH_CUSTOM_DATA: 'true' } });
	const example = await readFile(path.resolve(import.meta.dirname, '../../workflows/batch-request.json'), 'utf8');
	workflowId = await installed.instance.importWorkflow(JSON.parse(example.replaceAll('http://127.0.0.1:8080', installed.standIn.url)) as Record<string, unknown>);
});

afterAll(async () => await installed?.close());

const scrape = async () => await (await fetch(`${installed.instance.url}/metrics`)).text();
const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name) && line.includes('source="batchRequest"'));
const sum = (lines: readonly string[]) => lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);

test("calls stand in n8n's own metrics, and grow with each execution", async () => {
	expect(await scrape()).not.toContain('fastpath_');
	await installed.instance.run(workflowId);
	const first = await scrape();
	expect(first).toContain('n8n_process_cpu_seconds_total');
	const [line = ''] = linesOf(first, 'fastpath_calls_total');
	for (const label of [`workflow_id="${workflowId}"`, 'node="Batch Request"', `origin="${installed.standIn.url}"`]) expect(line).toContain(label);
	expect(sum(linesOf(first, 'fastpath_calls_total'))).toBe(200);
	expect(sum(linesOf(first, 'fastpath_call_duration_seconds_count'))).toBe(200);
	expect(first).toMatch(/^fastpath_process_info\{process="\w+",host="[^"]+",pid="\d+",kind="main"\} 1$/m);
	await installed.instance.run(workflowId);
	expect(sum(linesOf(await scrape(), 'fastpath_calls_total'))).toBe(400);
});

test.skipIf(!PROMTOOL)('promtool has nothing to say of our part of it', async () => {
	const ours = (await scrape()).split('\n').filter((line) => /^(# (HELP|TYPE) )?fastpath_/.test(line));
	expect(ours.length).toBeGreaterThan(100);
	expect(execFileSync(PROMTOOL ?? '', ['check', 'metrics'], { input: `${ours.join('\n')}\n`, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })).toBe('');
});

test('the node leaves the attributes of its span with its run', async () => {
	const { raw } = await installed.instance.run(workflowId);
	const { data } = raw as { data: { resultData: { runData: Record<string, Array<{ metadata?: { tracing?: Record<string, number> } }>> } } };
	expect(data.resultData.runData['Batch Request']?.[0]?.metadata?.tracing).toMatchObject({
		'fastpath.calls': 200, 'fastpath.requests': 200, 'fastpath.retries': 0, 'fastpath.cached': 0,
	});
});

test('an execution says in its custom data what its calls came to', async () => {
	const { raw } = await installed.instance.run(workflowId);
	const { data } = raw as { data: { resultData: { metadata?: Record<string, string> } } };
	expect(data.resultData.metadata).toEqual({ fastpath: '200 calls, 0 spared, 0 USD saved' });
});
