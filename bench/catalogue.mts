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
	{
		name: 'insight',
		group: 'micro',
		file: 'micro/insight.mts',
		title: 'Judging',
		what: 'What it costs to judge what was measured: alerts, bottlenecks, recommendations, health, trends, a comparison and the report, of 200 series and a day of minutes; and a look of the memory guard.',
		caveat: 'Hot loops over one snapshot. Nothing of it runs unless a workflow asks for it, but for the memory guard, which looks every five seconds.',
		comparable: true,
	},
	{
		name: 'cache',
		group: 'micro',
		file: 'micro/cache.mts',
		title: 'Cache',
		what: 'Get and set with the making of the key and the copying of the value, among many entries, with more or fewer hits, by many callers at once; the clean-up of what has expired; the decision whether to keep.',
		caveat: 'The figures of GoFlow stand for orientation: they were taken once, by its own benchmarks in Go 1.23 on a machine of two cores, and are constants here; its inputs and values are used for the rows that they stand beside. Those for n8n items were taken with Go 1.19 and divided by 1.7, by which its small get was slower there. Clearing a node is noting a rule and obeying it at the next look-up; GoFlow walks. Ours walks, too, where a user clears, to give the memory back and to count, but what is cleared is out of reach before; the walk is not in the figure.',
		comparable: true,
	},
	{
		name: 'keys',
		group: 'micro',
		file: 'micro/keys.mts',
		title: 'Keys',
		what: 'The canonical form of a request and its SHA-256, for one long text and for many small records, against the SHA-256 of bytes that are there already.',
		caveat: 'A canonical form sorts the members of every object; JSON.stringify does not, so its hash differs for equal requests.',
		comparable: true,
	},
	{
		name: 'growth',
		group: 'micro',
		file: 'micro/growth.mts',
		title: 'Growth with the number of entries, memory per entry',
		what: 'Get, set, evict and size among a thousand to a hundred thousand entries (with --full a million); the heap after a collection.',
		caveat: 'A million entries lie outside of the processor caches, and every look-up pays for that: a plain Map, too.',
		comparable: true,
	},
	{
		name: 'pool',
		group: 'micro',
		file: 'micro/pool.mts',
		title: 'Connections',
		what: 'Finding, taking and giving back a connection; numbers of pools; opening 5, 10 and 25 connections ahead; what a share of requests on used connections is worth, over https.',
		caveat: 'The server is on the same machine: a handshake costs processor time here, and round trips elsewhere. Times in ms are on the clock.',
		comparable: true,
	},
	{
		name: 'policies',
		group: 'micro',
		file: 'micro/policies.mts',
		title: 'Policies',
		what: 'Retry, breaker, limiters, rate and timeout around a call that succeeds at once, and what many callers at once cost each other.',
		caveat: 'Each await costs as much as some of the policies; the call alone has one.',
		comparable: true,
	},
	{
		name: 'similar',
		group: 'micro',
		file: 'micro/similar.mts',
		title: 'Similar prompts',
		what: 'A look for another wording among a thousand to a hundred thousand prompts (with --full a million), and for the nearest embedding.',
		caveat: 'A look is bounded: it reads 8,000 places of lists at most, whatever the index holds, and may then miss what a whole search would find; the table says how often it finds what was worded otherwise.',
		comparable: true,
	},
	{
		name: 'templates',
		group: 'micro',
		file: 'micro/templates.mts',
		title: 'Templates',
		what: 'Finding templates by the index of the library and by a look at each of them, with the same answers; a library read from its SQLite file; and one text filled for many items: by the template engine, which reads the text and looks for the fields with each item, by the package, and by the node in n8n\'s engine.',
		caveat: 'The memory is the peak of a process that holds the items; each variant has one of its own, whose code is not yet compiled when it begins.',
		needs: ['n8n'],
	},
	{
		name: 'peers-cache',
		group: 'peers',
		file: 'peers/cache.mts',
		title: 'Cache, beside other libraries',
		what: 'Get and set of an answer under a key that is there; an answer for a request of 1 KB that is hashed first; a thousand callers who want what nobody has.',
		caveat: 'They do not promise the same. Map and lru-cache give out the stored object itself, which a caller may then change for all; ours gives a copy. For the others a key is the JSON of the request, which differs for equal requests; ours is a SHA-256 of its canonical form. Our whole pipeline has deadline, trace and metrics as well.',
		needs: ['peers'],
	},
	{
		name: 'peers-resilience',
		group: 'peers',
		file: 'peers/resilience.mts',
		title: 'Resilience, beside other libraries',
		what: 'Retry, circuit breaker, bound and timeout around a call that succeeds at once; limiters with one caller and with a thousand.',
		caveat: 'opossum has no retry. A timeout takes a timer and a signal per call, which is most of what a pipeline costs.',
		needs: ['peers'],
	},
	{
		name: 'peers-http',
		group: 'peers',
		file: 'peers/http.mts',
		title: 'HTTP, beside other clients',
		what: 'The same GET of a small JSON answer over http, https and HTTP/2, with 0, 5 and 50 ms at the server, 1, 10 and 50 at once; and over https with 20 ms of way in between.',
		caveat: 'Server and client are on one machine and share its cores, so at many at once the server is a part of what is measured. n8n\'s helper is the function that its nodes call, taken out of an execution. Far away three times is the limit: a new connection takes three round trips, a kept one one. Closed loop.',
		needs: ['peers'],
	},
	{
		name: 'n8n-http',
		group: 'n8n',
		file: 'n8n/http.mts',
		title: 'HTTP in n8n',
		what: 'HTTP Request, Pooled HTTP and Batch Request on the same items in one n8n, by the time that n8n notes for the node; No Operation for what an execution costs anyway.',
		caveat: 'n8n notes whole milliseconds. The first table is of a process that has just started, one execution each; in the others the first fifteen executions of each do not count, after which they are no faster. HTTP Request sends all its requests at once, so 10,000 (--full) are not asked of it. Processor time is that of the n8n process over the execution, with the fetching of the items and the saving of its result. Connections are what the server counted.',
		needs: ['n8n'],
	},
	{
		name: 'n8n-ai',
		group: 'n8n',
		file: 'n8n/ai.mts',
		title: 'AI in n8n',
		what: 'The same prompts by HTTP Request, by Cached AI Call that asks and that hits; many items that are in the cache; an AI Agent with its model bare and behind Cached Chat Model.',
		caveat: 'The model is a stand-in that answers after a fixed time. HTTP Request sends all prompts at once, Cached AI Call ten at a time unless told otherwise (Max Concurrent), which is why it takes longer where it asks a slow model. An expression that names a field of the item is read there; any other costs what n8n\'s expression engine takes for it, in every node alike.',
		needs: ['n8n'],
	},
	{
		name: 'batch',
		group: 'n8n',
		file: 'n8n/batch.mts',
		title: 'Batch Request in n8n\'s engine',
		what: 'Batch Request against a server that fails one request in ten (a 429 with Retry-After, a 503, or a connection that is cut after the work was done); beside a loop over a bare undici Pool with as many requests at once, with and without a journal; and the memory that a great many items take, beside bare items of n8n.',
		caveat: 'n8n\'s engine runs in the process that measures, without n8n\'s server, database and editor. Processor time is that of this process alone; where the machine is busy, it is what the ratios hang on. A POST that was cut or refused without a Retry-After must not be repeated, and fails; a GET is repeated, and a cut one is then done twice. Heap is what V8 holds after a collection, with input and output. A closed loop.',
	},
	{
		name: 'store-hits',
		group: 'store',
		file: 'store/hits.mts',
		title: 'Shared store: reading',
		what: 'An answer that only the store has, one at a time and a hundred together, by Redis and SQLite, plain and encrypted, beside ioredis and JSON.parse; and two processes with the same questions at the same moment.',
		caveat: 'The bare client reads bare JSON: no envelope, no compression, no rules of what was cleared, no guard. Redis is on the same machine: over a network the round trip is most of it. The two processes wait for each other\'s answers, and Redis tells them that they are there.',
		needs: ['redis'],
		comparable: true,
	},
	{
		name: 'store-states',
		group: 'store',
		file: 'store/states.mts',
		title: 'Shared store: up, dead, paused',
		what: 'What a shared Redis adds to a call that the memory answers and to a new question whose model answers at once, while it is up, dead and paused; the latter two after the guard has found out.',
		caveat: 'Calls one after the other; medians of each round. Until the guard has found out, a call may wait for the bound of a command.',
		needs: ['redis'],
		comparable: true,
	},
	{
		name: 'store-bytes',
		group: 'store',
		file: 'store/bytes.mts',
		title: 'Shared store: compression',
		what: 'Methods of compression on answers cut from this repository\'s prose, in the envelope that a store keeps them in, and on embeddings.',
		caveat: 'Prose of one author; random numbers instead of real embeddings, which hardly differ in what can be saved.',
	},
	{
		name: 'soak',
		group: 'soak',
		file: 'soak/n8n.mts',
		title: 'Soak',
		what: 'One n8n under mixed load for a minute (with --full ten): an address per item by Pooled HTTP and Batch Request, prompts of which half are known, an agent; three executions at once.',
		caveat: 'Heap and loop delay are what n8n tells of itself, so they are n8n\'s and ours together. The heap counts by what is left when all garbage was collected, which is done every few seconds through the inspector and takes time of its own.',
		needs: ['n8n'],
	},
	{
		name: 'n8n-workflow',
		group: 'n8n',
		file: 'n8n/workflow.mts',
		title: 'Cached Workflow in n8n',
		what: 'A sub-workflow of 20 nodes, called for each item: by n8n\'s Execute Sub-workflow, one after the other, and by Cached Workflow, five at once: first with the same inputs again and again, by the time that n8n notes for the node; then as a stream of webhook executions whose inputs follow Zipf\'s law, by the time that the caller waits.',
		caveat: 'The server is a stand-in with a fixed delay. What a real stream saves depends on how often its inputs repeat and on what the sub-workflow takes.',
		needs: ['n8n'],
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
