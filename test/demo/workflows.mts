import { readFileSync } from 'node:fs';
import type { N8nInstance } from '../helpers/n8n-instance.mts';

type Parameters = Record<string, unknown>;

export interface WorkflowNode {
	name: string;
	type: string;
	parameters: Parameters;
	credentials?: Record<string, { id: string; name: string }>;
}

export interface WorkflowFile {
	name: string;
	nodes: WorkflowNode[];
	[key: string]: unknown;
}

/** What an imported workflow must know of this run. */
export interface Addresses {
	readonly url: string;
	readonly httpsUrl: string;
	/** By credential type. */
	readonly credentials: Readonly<Record<string, { id: string; name: string }>>;
	readonly model: string;
	readonly items: number;
}

/** The addresses that the files in workflows/ carry; they are those of the stand-in on its default ports. */
const FILE_URL = 'http://127.0.0.1:8080';
const FILE_HTTPS_URL = 'https://127.0.0.1:8443';
const FILE_MODEL = 'gpt-4o-mini';
const FILE_TAG_ITEMS = 'count=300';

/** A workflow of workflows/ with the addresses, the model and the credentials of this run. */
export function loadWorkflow(file: string, addresses: Addresses): WorkflowFile {
	const text = readFileSync(new URL(`../../workflows/${file}.json`, import.meta.url), 'utf8')
		.replaceAll(FILE_URL, addresses.url)
		.replaceAll(FILE_HTTPS_URL, addresses.httpsUrl)
		.replaceAll(FILE_TAG_ITEMS, `count=${addresses.items}`)
		.replaceAll(FILE_MODEL, addresses.model);
	const workflow = JSON.parse(text) as WorkflowFile;
	for (const node of workflow.nodes) {
		for (const type of Object.keys(node.credentials ?? {})) {
			const credential = addresses.credentials[type];
			if (credential === undefined) throw new Error(`${file}: no credential of type ${type}`);
			node.credentials = { ...node.credentials, [type]: credential };
		}
	}
	return workflow;
}

/** The same workflow under another name, one node's parameters changed. */
export function variant(
	workflow: WorkflowFile,
	suffix: string,
	nodeName: string,
	change: Parameters,
): WorkflowFile {
	const nodes = workflow.nodes.map((node) =>
		node.name === nodeName ? { ...node, parameters: { ...node.parameters, ...change } } : node,
	);
	return { ...workflow, name: `${workflow.name} ${suffix}`, nodes };
}

interface Listed {
	id: string;
	name: string;
	isArchived?: boolean;
}

/** Removes what an earlier run imported, so that the editor shows each workflow once. */
export async function removeWorkflows(n8n: N8nInstance, prefix: string): Promise<void> {
	const answer = (await n8n.api('GET', '/rest/workflows?take=200')) as Listed[] | { data: Listed[] };
	const listed = Array.isArray(answer) ? answer : answer.data;
	for (const { id, name, isArchived } of listed) {
		if (!name.startsWith(prefix)) continue;
		if (isArchived !== true) await n8n.api('POST', `/rest/workflows/${id}/archive`);
		await n8n.api('DELETE', `/rest/workflows/${id}`);
	}
}

/** Removes the credentials of an earlier run: their address is no longer right. */
export async function removeCredentials(n8n: N8nInstance, wanted: string): Promise<void> {
	const listed = (await n8n.api('GET', '/rest/credentials')) as Listed[];
	for (const { id, name } of listed) {
		if (name === wanted) await n8n.api('DELETE', `/rest/credentials/${id}`);
	}
}
