/** One of several processes that measure over one SQLite store: `node metrics-worker.mts <file> <seed> <calls>`; ends when its input does. */
import { createRequire } from 'node:module';
import type * as RuntimeModule from '../../lib/runtime/index.ts';
import type * as TraceModule from '../../lib/core/trace.ts';
import { seeded } from './seeded.mts';

const require = createRequire(import.meta.url);
const { Runtime } = require('../../dist/lib/runtime/index.js') as typeof RuntimeModule;
const { newTrace } = require('../../dist/lib/core/trace.js') as typeof TraceModule;

const [file = '', seed = '0', calls = '0'] = process.argv.slice(2);
const runtime = new Runtime();
const { backend } = runtime.sharedStores.obtain({ type: 'sqlite', sqlite: { path: file, maxBytes: 16 * 1_048_576 } });
await backend.get('anything');
runtime.measurements.start();
const meter = runtime.measurements.calls.meter({ source: 'pooledHttp', workflowId: 'w', node: `Node ${seed}`, origin: 'https://a.test', model: '' });
const random = seeded(Number(seed));
for (let call = 0; call < Number(calls); call += 1) {
	meter.record({ trace: { ...newTrace(), cache: 'miss', attempts: 1 }, durationMs: Math.exp(random.next() * 8) * Number(seed) });
}
process.stdin.resume().on('end', () => void runtime.dispose().then(() => process.exit(0)));
