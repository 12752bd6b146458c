/** Making keys: linear in the bytes that are hashed. */
import { hash } from 'node:crypto';
import type { Bench } from '../harness/bench.mts';
import { SCOPE } from './payloads.mts';

const KILOBYTES = [0.1, 1, 10, 100];

export default async function keys(bench: Bench): Promise<void> {
	const { cacheKey } = bench.lib('cache/key') as typeof import('../../lib/cache/key.ts');
	const points: Record<string, Array<readonly [number, number]>> = { key: [], records: [], 'SHA-256 alone': [] };
	for (const kilobytes of KILOBYTES) {
		const size = Math.round(kilobytes * 1024);
		const prompt = { model: 'm', messages: [{ role: 'user', content: 'lorem ipsum dolor '.repeat(Math.ceil(size / 18)).slice(0, size) }] };
		const records = Array.from({ length: Math.max(1, Math.round(size / 60)) }, (_record, id) => ({ id, name: `Customer ${id}`, active: true, tag: 'x' }));
		const bytes = JSON.stringify(prompt);
		const floor = 'SHA-256 of its JSON';
		const table = await bench.time({ id: `key-${kilobytes}`, title: `key of ${kilobytes} KB`, baseline: floor, compare: 'cost' }, [
			{ name: floor, run: () => hash('sha256', bytes) },
			{ name: 'JSON.stringify and SHA-256', run: () => hash('sha256', JSON.stringify(prompt)) },
			{ name: 'our key, one long text', run: () => cacheKey(SCOPE, prompt) },
			{ name: 'our key, records', run: () => cacheKey(SCOPE, records) },
		]);
		const [alone, , text, list] = table.rows.map(({ median }) => median);
		points['SHA-256 alone']?.push([kilobytes, alone ?? NaN]);
		points.key?.push([kilobytes, text ?? NaN]);
		points.records?.push([kilobytes, list ?? NaN]);
	}
	bench.plot({
		id: 'size', title: 'Key of a request, by its size', x: 'KB', y: 'ns', logX: true, logY: true,
		series: Object.entries(points).map(([name, line]) => ({ name, points: line })),
	});
}
