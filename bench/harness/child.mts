/** One benchmark in a process of its own: `node --expose-gc child.mts <name> <mode> <root> <file for the result>`. */
import { writeFileSync } from 'node:fs';
import { CATALOGUE } from '../catalogue.mts';
import { Bench } from './bench.mts';
import type { Mode } from './result.mts';

/** Several times what the longest takes with --full. */
const LONGEST_MINUTES = 60;

const [name = '', mode = 'default', root = '', file = ''] = process.argv.slice(2);
const entry = CATALOGUE.find((one) => one.name === name);
if (!entry) throw new Error(`There is no benchmark "${name}"`);
const { default: run } = (await import(`../${entry.file}`)) as { default: (bench: Bench) => Promise<void> };
// No timer and no idle connection of the package keeps a process alive; this one does, and ends it where it hangs.
const late = setTimeout(() => {
	console.error(`${name} has taken more than ${LONGEST_MINUTES} minutes`);
	process.exit(1);
}, LONGEST_MINUTES * 60_000);
const bench = new Bench(name, mode as Mode, root);
await run(bench);
writeFileSync(file, `${JSON.stringify(bench.result(), null, '\t')}\n`);
clearTimeout(late);
// Servers and clients of other libraries may.
process.exit(0);
