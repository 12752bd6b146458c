/**
 * A real n8n with the package installed, n8n's own HTTP Request node and this package's nodes on the same items, and a
 * table of what the server on the other side counted. Then the editor stays open.
 *
 *   npm run demo                 Ctrl-C ends it
 *   npm run demo -- --once       ends by itself after the table
 *   npm run demo -- --items 100  how many packages are tagged (default 300)
 *
 * FASTPATH_BASE_URL and FASTPATH_API_KEY (and FASTPATH_MODEL) name a real, OpenAI-compatible provider for the AI part;
 * FASTPATH_PRICE_IN and FASTPATH_PRICE_OUT its price in US dollars per million tokens.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createUserFolder, n8nBin, packPackage, startN8n, type N8nInstance } from '../helpers/n8n-instance.mts';
import { compare, RunFailed, sameAnswers, sameOutputs, type Contender } from './compare.mts';
import { installedPackages } from './items.mts';
import { aiRatios, aiTable, httpRatios, httpTable, type Price } from './report.mts';
import { startStandInProcess, type StandInProcess } from './stand-in-process.mts';
import { loadWorkflow, removeCredentials, removeWorkflows, variant, type Addresses, type WorkflowFile } from './workflows.mts';

const { values: flags } = parseArgs({
	options: { once: { type: 'boolean', default: false }, items: { type: 'string', default: '300' } },
});
const root = fileURLToPath(new URL('../..', import.meta.url));
const userFolder = path.join(root, '.n8n', 'demo');
const stampFile = path.join(userFolder, 'package.sha256');
const itemsFile = path.join(userFolder, 'packages.json');
const certificate = path.join(root, 'test', 'helpers', 'tls', 'certificate.pem');

const GETS = 200;
const GET_ROUNDS = 11;
const REAL_ITEMS = 40;
/** What the stand-in takes to "think": a fast model on a good day. */
const ANSWER_MS = { delayMs: 150, jitterMs: 100, seed: 1 };
const NAME_PREFIX = 'Compare: ';
const CREDENTIAL_NAME = 'Fastpath demo';
const LOG_LINES = 40;

const real = process.env.FASTPATH_BASE_URL;
const realKey = process.env.FASTPATH_API_KEY;
const model = process.env.FASTPATH_MODEL ?? 'gpt-4o-mini';
const price: Price = {
	input: Number(process.env.FASTPATH_PRICE_IN ?? 0.15),
	output: Number(process.env.FASTPATH_PRICE_OUT ?? 0.6),
};

const started = performance.now();
const say = (line = ''): void => console.log(line);
const step = (line: string): void => say(`[${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s] ${line}`);

let n8n: N8nInstance | undefined;
let standIn: StandInProcess | undefined;
let stopping: Promise<void> | undefined;

/** Ends what was started, once; nothing outlives the demo. */
function stop(): Promise<void> {
	stopping ??= (async () => {
		await Promise.allSettled([n8n?.stop(), standIn?.stop()]);
	})();
	return stopping;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
	process.on(signal, () => {
		if (stopping === undefined) say('\nStopping ...');
		void stop().then(() => process.exit(0));
	});
}

/** Installs the package into the demo's user folder unless this very archive is there already. */
async function install(): Promise<void> {
	const tarball = await packPackage(step);
	try {
		const hash = createHash('sha256').update(readFileSync(tarball)).digest('hex');
		mkdirSync(userFolder, { recursive: true });
		if (installedHash() === hash) return step('package: unchanged since the last demo, still installed');
		await createUserFolder({ dir: userFolder, tarball, log: step });
		writeFileSync(stampFile, hash);
	} finally {
		rmSync(path.dirname(tarball), { recursive: true, force: true });
	}
}

function installedHash(): string {
	try {
		return readFileSync(stampFile, 'utf8');
	} catch {
		return '';
	}
}

function startStandIn(): Promise<StandInProcess> {
	return startStandInProcess({ itemsFile, forwardTo: real });
}

async function add(
	instance: N8nInstance,
	label: string,
	workflow: WorkflowFile,
	nodeName: string,
): Promise<Contender> {
	return { label, nodeName, workflowId: await instance.importWorkflow(workflow) };
}

async function compareGets(instance: N8nInstance, server: StandInProcess, addresses: Addresses): Promise<void> {
	const plain = loadWorkflow('compare-get-http-request', addresses);
	const pooled = loadWorkflow('compare-get-pooled-http', addresses);
	const cases = [
		{ title: 'one address per item, by an expression', suffix: '', change: {} },
		{
			title: 'one fixed address',
			suffix: '(fixed address)',
			change: { url: `${server.httpsUrl}/api/packages/7` },
		},
	];
	for (const [index, { title, suffix, change }] of cases.entries()) {
		const named = (workflow: WorkflowFile, node: string) =>
			suffix === '' ? workflow : variant(workflow, suffix, node, change);
		const contenders = [
			await add(instance, 'HTTP Request', named(plain, 'HTTP Request'), 'HTTP Request'),
			await add(instance, 'Pooled HTTP', named(pooled, 'Pooled HTTP'), 'Pooled HTTP'),
		];
		const [warmUp] = contenders;
		// The first execution of a fresh n8n pays for n8n itself; HTTP Request gets it over with unmeasured.
		if (index === 0 && warmUp !== undefined) await instance.run(warmUp.workflowId);
		step(`${GETS} HTTPS GETs, ${title}: HTTP Request and Pooled HTTP take turns`);
		const task = { route: 'GET /api/packages/:i', items: GETS, rounds: GET_ROUNDS };
		const done = await compare(instance, server, contenders, task, say);
		const [baseline, ours] = done;
		if (baseline === undefined || ours === undefined) continue;
		say(`\nA${index + 1}. ${GETS} HTTPS GETs, ${title}; loopback, so without any network delay\n`);
		say(httpTable(done));
		say(`\nPooled HTTP against HTTP Request: ${httpRatios({ baseline, ours }).join('; ')}.`);
		say(`Items that came out equal: ${sameOutputs(baseline.first, ours.first)} of ${GETS}.\n`);
	}
}

async function compareTags(
	instance: N8nInstance,
	server: StandInProcess,
	addresses: Addresses,
	distinct: number,
): Promise<void> {
	const contenders = [
		await add(instance, 'HTTP Request', loadWorkflow('compare-tags-http-request', addresses), 'HTTP Request'),
		await add(instance, 'Cached AI Call', loadWorkflow('compare-tags-cached-ai-call', addresses), 'Cached AI Call'),
	];
	const provider = real === undefined ? 'the stand-in' : new URL(real).origin;
	step(`tagging ${addresses.items} packages with ${model} of ${provider}: HTTP Request and Cached AI Call take turns`);
	if (real === undefined) await server.setBehaviour({ route: '/v1/chat', ...ANSWER_MS });
	const task = { route: 'POST /v1/chat/completions', items: addresses.items, rounds: 1 };
	const done = await compare(instance, server, contenders, task, say);
	await server.setBehaviour();
	const [baseline, ours] = done;
	if (baseline === undefined || ours === undefined) return;
	say(`\nB. "tag this package: <description>" for ${addresses.items} installed packages, ${distinct} different descriptions\n`);
	say(aiTable(done, price));
	say(`\nCached AI Call against HTTP Request: ${aiRatios({ baseline, ours }, price).join('; ')}.`);
	const same = [ours.first, ...ours.again].map((run) => sameAnswers(baseline.first, run)).join(' and ');
	say(`Items with the very answer that HTTP Request got: ${same} of ${addresses.items} (first and second run).`);
	say(
		real === undefined
			? `The stand-in answers after ${ANSWER_MS.delayMs} to ${ANSWER_MS.delayMs + ANSWER_MS.jitterMs} ms and counts a token per four characters.`
			: `The provider is real: ${provider}. Its own usage figures are counted, connections are those to the counting proxy before it; its answers may differ from call to call.`,
	);
	say(`Assumed price: $${price.input.toFixed(2)} per million input tokens, $${price.output.toFixed(2)} per million output tokens.\n`);
}

async function main(): Promise<void> {
	if ((real === undefined) !== (realKey === undefined)) {
		throw new Error('Set both FASTPATH_BASE_URL and FASTPATH_API_KEY, or neither.');
	}
	await n8nBin(step);
	await install();
	const wanted = real === undefined ? Number(flags.items) : Math.min(Number(flags.items), REAL_ITEMS);
	const packages = installedPackages(path.join(root, 'node_modules'), Math.max(wanted, GETS));
	writeFileSync(itemsFile, JSON.stringify(packages));
	const items = Math.min(wanted, packages.length);
	const distinct = new Set(packages.slice(0, items).map(({ description }) => description)).size;

	step('starting n8n and the server that plays the API');
	// The certificate of the stand-in is trusted, so the AI calls are verified as those to a real provider are.
	const env = { NODE_EXTRA_CA_CERTS: certificate, FASTPATH_API_KEY: '' };
	const both = await Promise.allSettled([
		startStandIn().then((server) => (standIn = server)),
		startN8n({ userFolder, env, log: step }).then((instance) => (n8n = instance)),
	]);
	for (const outcome of both) if (outcome.status === 'rejected') throw outcome.reason;
	if (n8n === undefined || standIn === undefined || stopping !== undefined) return;

	await removeWorkflows(n8n, NAME_PREFIX);
	await removeCredentials(n8n, CREDENTIAL_NAME);
	const openAiApi = await n8n.createCredential({
		name: CREDENTIAL_NAME,
		type: 'openAiApi',
		data: { apiKey: realKey ?? standIn.apiKey, url: `${standIn.httpsUrl}/v1` },
	});
	const { url, httpsUrl } = standIn;
	const addresses: Addresses = { url, httpsUrl, credentials: { openAiApi }, model, items };
	say(`\nThe API is ${real === undefined ? 'a stand-in server' : `forwarded to ${new URL(real).origin} (AI part)`} on loopback; it counts calls, connections, handshakes and tokens.\n`);

	await compareGets(n8n, standIn, addresses);
	await compareTags(n8n, standIn, addresses, distinct);

	if (flags.once) return;
	say(`The editor:  ${n8n.url}`);
	say(`Log in with: ${n8n.email} / ${n8n.password}`);
	say('Stop with:   Ctrl-C');
}

try {
	await main();
	if (flags.once) {
		await stop();
		step('done; nothing is left running');
	}
} catch (error) {
	// A signal in the middle of a run makes the run fail; that is no failure of the demo.
	if (stopping === undefined) {
		say(`\nThe demo failed: ${error instanceof RunFailed ? error.message : error instanceof Error ? error.stack : String(error)}`);
		const lines = n8n?.logs().trimEnd().split('\n').slice(-LOG_LINES) ?? [];
		if (lines.length > 0) say(`\nThe last lines of n8n's log:\n${lines.join('\n')}`);
		process.exitCode = 1;
	}
	await stop();
}
