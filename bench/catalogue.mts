/** Which benchmarks there are, in the order in which they run and stand on the page. */

export type Group = 'micro' | 'peers' | 'n8n' | 'store' | 'soak';

/** `n8n`: the installation in .n8n/app · `peers`: other libraries, in .cache/peers · `redis`: redis-server on the machine. */
export type Need = 'n8n' | 'peers' | 'redis';

export interface Entry {
	readonly name: string;
	/** Runs them together when it is given as a name. */
	readonly group: Group;
	/** In this folder; exports a function that takes a Bench. */
	readonly file: string;
	readonly title: string;
	/** What is done, by whom. */
	readonly what: string;
	/** What its figures do not say. */
	readonly caveat: string;
	readonly needs?: readonly Need[];
	/** Whether it measures the package alone, so that two versions of it can be compared. */
	readonly comparable?: boolean;
}

export const CATALOGUE: readonly Entry[] = [
	{
		name: 'pipeline',
		group: 'micro',
		file: 'micro/pipeline.mts',
		title: 'Stages of a call',
		what: 'Each stage by itself and the whole pipeline around a call that answers at once, compared with the SHA-256 of a 1 KB request, which no cache with honest keys can avoid.',
		caveat: 'Hot loops over few values: a real execution has colder caches. No network.',
		comparable: true,
	},
	{
		name: 'metrics',
		group: 'micro',
		file: 'micro/metrics.mts',
		title: 'Measuring',
		what: 'What it costs that every call is counted and timed, and that the process is watched: the time to record a call, what a cache hit takes with and without it, the memory that a series comes to, and the processor time of watching.',
		caveat: 'Hot loops over few values. The memory is that of the worst case: calls in every five seconds of a whole day.',
	},
];

/** The entries that names stand for: of a benchmark, of a group, or none for all. Throws on a name that is neither. */
export function chosen(names: readonly string[]): Entry[] {
	const unknown = names.find((name) => !CATALOGUE.some((entry) => entry.name === name || entry.group === name));
	if (unknown !== undefined) {
		const groups = [...new Set(CATALOGUE.map(({ group }) => group))];
		throw new Error(`There is no benchmark "${unknown}". Groups: ${groups.join(', ')}. Benchmarks: ${CATALOGUE.map(({ name }) => name).join(', ')}`);
	}
	return CATALOGUE.filter(({ name, group }) => names.length === 0 || names.includes(name) || names.includes(group));
}
