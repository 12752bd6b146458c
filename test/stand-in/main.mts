import { fstatSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installedPackages } from '../demo/items.mts';
import { startStandIn } from './ai-provider.mts';

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));
const ITEMS = 300;

/**
 * The stand-in as a process of its own; `npm run stand-in` starts it on the ports that the workflows name:
 *   node24 test/stand-in/main.mts [--items file.json] [--api-key key] [--delay-ms n] [--jitter-ms n] [--forward-to url]
 *     [--port n] [--https-port n]
 * Without a file, the items are packages that are installed here.
 * Prints one line of JSON, { url, httpsUrl, apiKey, pid }, and ends on SIGTERM, on SIGINT, and when its parent goes.
 */
const { values } = parseArgs({
	options: {
		items: { type: 'string' },
		'api-key': { type: 'string' },
		'delay-ms': { type: 'string' },
		'jitter-ms': { type: 'string' },
		'forward-to': { type: 'string' },
		port: { type: 'string' },
		'https-port': { type: 'string' },
	},
});

const delayMs = Number(values['delay-ms'] ?? 0);
const jitterMs = Number(values['jitter-ms'] ?? 0);
const standIn = await startStandIn({
	items: values.items === undefined ? installedPackages(MODULES, ITEMS) : (JSON.parse(readFileSync(values.items, 'utf8')) as unknown[]),
	...(values['api-key'] === undefined ? {} : { apiKey: values['api-key'] }),
	...(values['forward-to'] === undefined ? {} : { forwardTo: values['forward-to'] }),
	port: Number(values.port ?? 0),
	httpsPort: Number(values['https-port'] ?? 0),
	behaviours: delayMs + jitterMs > 0 ? [{ delayMs, jitterMs }] : [],
});

let ending = false;
function end(): void {
	if (ending) return;
	ending = true;
	void standIn.close().finally(() => process.exit(0));
}
process.once('SIGTERM', end);
process.once('SIGINT', end);
process.once('disconnect', end);
const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) process.stdin.once('end', end).once('error', end).resume();

const { url, httpsUrl, apiKey } = standIn;
process.stdout.write(`${JSON.stringify({ url, httpsUrl, apiKey, pid: process.pid })}\n`);
