/** What operations cost among a thousand and among a million entries, and what an entry takes beyond what is stored. */
import type { Operation } from '../harness/alternate.mts';
import type { Bench } from '../harness/bench.mts';

const HOUR = { ttlMs: 3_600_000, keepMs: 3_600_000 };
/** Memory is counted with values of this many characters. */
const VALUE_CHARACTERS = 200;

export default async function growth(bench: Bench): Promise<void> {
	const { MemoryStore } = bench.lib('cache/memory-store') as typeof import('../../lib/cache/memory-store.ts');
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const sizes = bench.pick({ smoke: [100, 1000], default: [1000, 10_000, 100_000], full: [1000, 10_000, 100_000, 1_000_000] });
	const value = { text: 'word '.repeat(8) };
	const filled = async (entries: number) => {
		const store = new MemoryStore({ clock: systemClock, maxEntries: entries, maxBytes: 2 ** 34 });
		for (let index = 0; index < entries; index += 1) await store.set(`key ${index}`, value, HOUR);
		return store;
	};
	const kinds = ['get', 'set', 'set that evicts', 'size', 'plain Map, get'] as const;
	const operations: Operation[] = [];
	for (const entries of sizes) {
		const store = await filled(entries);
		const map = new Map<string, object>(Array.from({ length: entries }, (_entry, index) => [`key ${index}`, { ...value }] as const));
		let counter = 0;
		// A walk that is not in the order of insertion, and touches all.
		const next = () => `key ${(counter = (counter + 7919) % entries)}`;
		const runs = {
			get: () => store.get(next()),
			set: () => store.set(next(), value, HOUR),
			'set that evicts': () => store.set(`new ${(counter += 1)}`, value, HOUR),
			size: () => store.stats(),
			'plain Map, get': () => map.get(next()),
		};
		for (const kind of kinds) operations.push({ name: `${kind}, ${entries.toLocaleString('en-US')} entries`, run: runs[kind] });
	}
	const { rows } = await bench.time({ id: 'growth', title: 'memory tier' }, operations);
	bench.plot({
		id: 'entries', title: 'Memory tier: cost of an operation, by the number of entries', x: 'entries', y: 'ns', logX: true, logY: true,
		series: kinds.map((kind, place) => ({ name: kind, points: sizes.map((entries, index) => [entries, rows[index * kinds.length + place]?.median ?? NaN] as const) })),
	});
	await memory(bench, sizes.at(-1) ?? 0);
}

/** The heap after a collection, with and without the entries. */
async function memory(bench: Bench, most: number): Promise<void> {
	const { MemoryStore } = bench.lib('cache/memory-store') as typeof import('../../lib/cache/memory-store.ts');
	const { systemClock } = bench.lib('core/clock') as typeof import('../../lib/core/clock.ts');
	const entries = Math.min(most, 100_000);
	// Names as the cache has them: 64 hexadecimal digits, which are part of what is stored, like the text.
	// By way of bytes, as padded strings are made of parts that stay beside them.
	const flat = (text: string) => Buffer.from(text, 'latin1').toString('latin1');
	const keyOf = (index: number) => flat(index.toString(16).padStart(64, '0'));
	const textOf = (index: number) => flat(String(index).padStart(VALUE_CHARACTERS, 'x'));
	// Latin letters take a byte each, and every string a header.
	const stored = 64 + VALUE_CHARACTERS + 2 * 16;
	const perEntry = async (fill: () => Promise<unknown>) => {
		const before = heap();
		const held = await fill();
		const value = (heap() - before) / entries;
		return { value, also: { 'beyond the stored bytes': value - stored }, held };
	};
	await bench.compare({ id: 'memory', title: `memory per entry, ${entries.toLocaleString('en-US')} entries`, unit: 'bytes', baseline: 'Map of the same', compare: 'cost' }, [
		{
			name: 'Map of the same',
			round: () => perEntry(async () => new Map<string, object>(Array.from({ length: entries }, (_entry, index) => [keyOf(index), { text: textOf(index) }] as const))),
		},
		{
			name: 'memory tier',
			round: () => perEntry(async () => {
				const store = new MemoryStore({ clock: systemClock, maxEntries: entries, maxBytes: 2 ** 34 });
				for (let index = 0; index < entries; index += 1) await store.set(keyOf(index), { text: textOf(index) }, HOUR);
				return store;
			}),
		},
	], { rounds: bench.pick({ smoke: 1, default: 5, full: 7 }), warmUp: 1 });
}

function heap(): number {
	globalThis.gc?.();
	return process.memoryUsage().heapUsed;
}
