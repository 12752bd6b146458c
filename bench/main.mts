/**
 * npm run bench -- [names of benchmarks or groups] [--full | --smoke] [--list] [--compare REVISION [--turns 5]]
 *
 * Runs benchmarks one after the other, each in a process of its own, and writes bench/results, docs/benchmarks.md and its plots.
 * --smoke does next to nothing, to see that all of them run, and writes nothing. --compare builds that revision and the present
 * state, untracked files left out, and runs both in turns; it writes nothing either.
 */
import { parseArgs } from 'node:util';
import { chosen } from './catalogue.mts';
import { compareRevisions } from './harness/compare.mts';
import { ROOT, saveResult, writePage } from './harness/page.mts';
import { runBench } from './harness/start.mts';
import { installPeers } from './peers/install.mts';
import { redisIsMissing } from '../test/helpers/redis-server.mts';

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		full: { type: 'boolean', default: false },
		smoke: { type: 'boolean', default: false },
		list: { type: 'boolean', default: false },
		compare: { type: 'string' },
		turns: { type: 'string', default: '5' },
	},
});
const mode = values.smoke ? 'smoke' : values.full ? 'full' : 'default';
const entries = chosen(positionals);

if (values.list) {
	for (const { name, group, title } of entries) console.log(`${name.padEnd(16)} ${group.padEnd(8)} ${title}`);
	process.exit(0);
}
if (values.compare !== undefined) {
	await compareRevisions(values.compare, entries, mode, Number(values.turns));
	process.exit(0);
}
for (const entry of entries) {
	console.log(`# ${entry.name}: ${entry.title}\n\n${entry.what}\n`);
	if (entry.needs?.includes('peers')) await installPeers();
	if (entry.needs?.includes('redis') && redisIsMissing()) continue;
	const result = await runBench(entry.name, mode, ROOT);
	console.log(`${entry.caveat}\n`);
	if (mode !== 'smoke') {
		saveResult(result);
		writePage();
	}
}
