import { spawn } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const DEMO = path.resolve(import.meta.dirname, '../demo/demo.mts');

interface Ended {
	readonly code: number | null;
	readonly output: string;
}

async function runDemo(...flags: string[]): Promise<Ended> {
	const child = spawn(process.execPath, [DEMO, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
	let output = '';
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
	return await new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => resolve({ code, output }));
	});
}

/** Rows of the table that begins with this letter, as lists of cells. */
function table(output: string, title: string): string[][] {
	const lines = output.split('\n');
	const start = lines.findIndex((line) => line.startsWith(title));
	const rows = lines.slice(start + 4);
	return rows.slice(0, rows.findIndex((line) => line.trim() === '')).map((line) => line.split(/ {2,}/));
}

test('the demo runs its workflows in a real n8n and finds fewer calls and connections for the same answers', async () => {
	const { code, output } = await runDemo('--once', '--items', '40');
	expect(code, output.slice(-3000)).toBe(0);
	const gets = table(output, 'A2.');
	expect(gets.map(([node, run]) => `${node} ${run?.replace(/\d+ /, '')}`)).toEqual([
		'HTTP Request first',
		'HTTP Request more, each',
		'Pooled HTTP first',
		'Pooled HTTP more, each',
	]);
	expect(gets.map(([, , calls]) => calls)).toEqual(['200', '200', '200', '200']);
	const calls = table(output, 'B.').map(([, , count]) => Number(count));
	expect(calls.slice(0, 2)).toEqual([40, 40]);
	expect(calls[2]).toBeLessThan(40);
	expect(calls[3]).toBe(0);
	expect(output).toContain('Items that came out equal: 200 of 200.');
	expect(output).toContain('40 and 40 of 40');
});
