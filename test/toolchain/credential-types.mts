/**
 * The credential types of n8n that can be applied to any request, as HTTP Request offers them under
 * "Predefined Credential Type". Run by hand after an update of n8n (`node24 test/toolchain/credential-types.mts`);
 * its output is part of the repository, because a node must list the types by name when it is built.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ICredentialType } from 'n8n-workflow';

const ROOT = path.resolve(import.meta.dirname, '../..');
const PAGE = path.join(ROOT, 'nodes/PooledHttp/predefined-types.ts');
const PACKAGES = ['n8n-nodes-base', '@n8n/n8n-nodes-langchain'];
const LINE = 125;

type Found = ICredentialType & { readonly restrictToSupportedNodes?: boolean };

const require = createRequire(path.join(ROOT, '.n8n/app/package.json'));

function typesOf(name: string): Found[] {
	const folder = path.dirname(require.resolve(`${name}/package.json`));
	const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { n8n: { credentials: string[] } };
	return manifest.n8n.credentials.map((file) => {
		const loaded = require(path.join(folder, file)) as Record<string, new () => Found>;
		const CredentialType = loaded[path.basename(file, '.credentials.js')];
		if (!CredentialType) throw new Error(`${file} exports no class of its name`);
		return new CredentialType();
	});
}

const found = PACKAGES.flatMap(typesOf);
const byName = new Map(found.map((type) => [type.name, type]));

function ancestors(type: Found | undefined): string[] {
	return (type?.extends ?? []).flatMap((name) => [name, ...ancestors(byName.get(name))]);
}

function isOffered(type: Found): boolean {
	if (type.genericAuth === true || type.restrictToSupportedNodes === true) return false;
	return type.authenticate !== undefined || ancestors(type).some((name) => name === 'oAuth2Api' || name === 'oAuth1Api');
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;

const lines = [''];
for (const { name, displayName } of [...byName.values()].filter(isOffered).sort((a, b) => a.displayName.localeCompare(b.displayName, 'en'))) {
	const entry = `${name}: ${quoted(displayName)},`;
	const last = lines[lines.length - 1] ?? '';
	if (last.length + entry.length + 1 > LINE) lines.push(entry);
	else lines[lines.length - 1] = last === '' ? entry : `${last} ${entry}`;
}

const { version } = require('n8n/package.json') as { version: string };
writeFileSync(
	PAGE,
	`/** The credential types of n8n ${version} that any request can be signed with. Made by test/toolchain/credential-types.mts; do not edit. */
export const PREDEFINED_TYPES: Readonly<Record<string, string>> = {
${lines.map((line) => `\t${line}`).join('\n')}
};
`,
);
