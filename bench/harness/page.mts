/** docs/benchmarks.md and its plots, from the committed results alone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CATALOGUE, type Entry } from '../catalogue.mts';
import { figuresOf, GOALS, HEADLINES, judge } from '../goals.mts';
import { grid, shown, toMarkdown } from './markdown.mts';
import { draw } from './plot.mts';
import type { Result } from './result.mts';

export const ROOT = path.resolve(import.meta.dirname, '../..');
const RESULTS = path.join(ROOT, 'bench/results');
const PAGE = 'docs/benchmarks.md';
const README = 'README.md';
/** What `npm run bench` writes into the README stands between these. */
const BLOCK = /(<!-- bench -->)[\s\S]*?(<!-- \/bench -->)/;

const INTRODUCTION = `# Benchmarks

\`npm run bench\` measures all of this again on your machine and rewrites this page; \`npm run bench -- micro\` runs one group or one benchmark,
\`--full\` takes its time, \`--list\` names them. \`npm run bench -- --compare REVISION\` compares this state of the package with an earlier one.

Whatever is compared takes turns in one process, round by round; each figure is the median of the rounds, with the middle half of them in
brackets. A ratio is taken within each round, so what slows the machine down slows both sides. Absolute times are of the machine named under
each table: read the ratios. \`ns\` are processor time of the whole process, garbage collection included; other times are on the clock.
Where the load is above the number of cores, others were at work, and times on the clock say less than processor time.

Where requests are sent, a closed loop sends them: the next one waits for an answer, so a server that stalls is asked less, and the tail of
the distribution looks better than it would to independent callers (coordinated omission).

One more has a command and a page of its own: \`bench/replay.mts\`, for how often similar prompts are right ([prompts](prompts.md)).
`;

export function saveResult(result: Result): void {
	mkdirSync(RESULTS, { recursive: true });
	writeFileSync(path.join(RESULTS, `${result.bench}.json`), `${JSON.stringify(result, null, '\t')}\n`);
}

/** The results that are there, in the catalogue's order. */
export function readResults(): Array<readonly [Entry, Result]> {
	return CATALOGUE.flatMap((entry) => {
		const file = path.join(RESULTS, `${entry.name}.json`);
		return existsSync(file) ? [[entry, JSON.parse(readFileSync(file, 'utf8')) as Result] as const] : [];
	});
}

/** Every file that the results make, by its path from the root. */
export function rendered(results = readResults()): Map<string, string> {
	const plots = results.flatMap(([{ name }, { plots: all }]) => all.map((plot) => [pictureOf(name, plot.id), draw(plot)] as const));
	const page = [INTRODUCTION, goals(results), ...results.map(([entry, result]) => section(entry, result))].join('\n');
	const readme = readFileSync(path.join(ROOT, README), 'utf8').replace(BLOCK, (_block, begin: string, end: string) => `${begin}\n${summary(results)}\n${end}`);
	return new Map([[PAGE, page], [README, readme], ...plots]);
}

function goals(results: ReadonlyArray<readonly [Entry, Result]>): string {
	const figures = figuresOf(results.map(([, result]) => result));
	const verdicts = GOALS.map((goal) => judge(goal, figures)).filter(({ reached }) => reached !== undefined);
	const rows = verdicts.map(({ what, unit, bound, value, reached, missedBy }) => [
		what, 'atMost' in bound ? `≤ ${shown(bound.atMost)} ${unit}` : `≥ ${shown(bound.atLeast)} ${unit}`, shown(value), reached ? 'reached' : `missed by ${shown(missedBy * 100)} %`,
	]);
	const missed = verdicts.flatMap(({ what, reached, why }) => (reached || why === undefined ? [] : [{ what, why }]));
	const reasons = [...new Set(missed.map(({ why }) => why))].map((why) => `- ${missed.filter((one) => one.why === why).map(({ what }) => what).join('; ')}. ${why}`);
	return ['## Goals\n', grid(['what', 'goal', 'measured', ''], rows), '', ...reasons, ...(reasons.length > 0 ? [''] : [])].join('\n');
}

/** What the README shows. */
function summary(results: ReadonlyArray<readonly [Entry, Result]>): string {
	const figures = figuresOf(results.map(([, result]) => result));
	const rows = HEADLINES.map(({ what, figure, unit }) => [what, figure(figures), unit] as const).filter(([, value]) => Number.isFinite(value));
	return grid(['Measured', ''], rows.map(([what, value, unit]) => [what, `${shown(value)} ${unit}`]));
}

export function writePage(): void {
	for (const [file, text] of rendered()) writeFileSync(path.join(ROOT, file), text);
}

function pictureOf(bench: string, plot: string): string {
	return `docs/pictures/bench-${bench}-${plot}.svg`;
}

function section(entry: Entry, result: Result): string {
	return [
		`## ${entry.title}\n`,
		`${entry.what}\n`,
		...result.tables.flatMap((table) => [toMarkdown(table), '']),
		...result.plots.map((plot) => `![${plot.title}](${path.relative('docs', pictureOf(entry.name, plot.id))})\n`),
		...result.absent.map((what) => `Left out: ${what}.\n`),
		`${entry.caveat} ${conditions(result)}\n`,
	].join('\n');
}

function conditions({ bench, mode, day, seconds, machine, versions, tables }: Result): string {
	const rounds = [...new Set(tables.map((table) => table.rounds))].sort((one, other) => one - other).join(' or ');
	const libraries = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
	return (
		`\`npm run bench -- ${bench}${mode === 'full' ? ' --full' : ''}\`, ${day}, ${seconds} s, ${rounds} rounds; Node ${machine.node} on ${machine.cores} cores ` +
		`(${machine.cpu}, ${machine.platform}), load ${machine.load.join(' to ')}${libraries.length > 0 ? `; ${libraries.join(', ')}` : ''}.`
	);
}
