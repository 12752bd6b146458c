/** What n8n's installer does around the files of a package: its record in the database, and a newer version in their place. */
import { existsSync } from 'node:fs';
import { glob, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { execute } from './child-process.mts';
import { createUserFolder } from './n8n-package.mts';

interface Manifest {
	readonly name: string;
	readonly version: string;
	readonly author: { readonly name: string };
}

interface Recorded {
	readonly displayName: string;
	readonly type: string;
	readonly version: number;
}

/** Enters the package where Settings → Community nodes looks, as the installer does after it has loaded the nodes. */
export function recordPackage(userFolder: string, { name, version, author }: Manifest, nodes: readonly Recorded[]): void {
	const database = new DatabaseSync(path.join(userFolder, '.n8n', 'database.sqlite'), { timeout: 5000 });
	try {
		database.prepare('INSERT OR REPLACE INTO installed_packages ("packageName", "installedVersion", "authorName") VALUES (?, ?, ?)').run(name, version, author.name);
		const insert = database.prepare('INSERT OR REPLACE INTO installed_nodes ("name", "type", "latestVersion", "package") VALUES (?, ?, ?, ?)');
		for (const node of nodes) insert.run(node.displayName, node.type, node.version, name);
	} finally {
		database.close();
	}
}

/** An archive of the same build under a later version, whose nodes have that version among their aliases; in a new temporary folder. */
export async function nextVersion(tarball: string, version: string): Promise<string> {
	const folder = await mkdtemp(path.join(tmpdir(), 'fastpath-next-'));
	await execute('tar', ['-xzf', tarball, '-C', folder], folder);
	const file = (...parts: string[]) => path.join(folder, 'package', ...parts);
	const manifest = JSON.parse(await readFile(file('package.json'), 'utf8')) as { version: string };
	const runtime = await readFile(file('dist', 'lib', 'runtime', 'index.js'), 'utf8');
	const older = `BUILD = '${manifest.version}'`;
	if (!runtime.includes(older)) throw new Error(`The build does not say ${older}`);
	await writeFile(file('dist', 'lib', 'runtime', 'index.js'), runtime.replace(older, `BUILD = '${version}'`));
	for await (const node of glob('dist/nodes/*/*.node.json', { cwd: file() })) {
		const codex = JSON.parse(await readFile(file(node), 'utf8')) as { alias?: string[] };
		await writeFile(file(node), JSON.stringify({ ...codex, alias: [...(codex.alias ?? []), version] }));
	}
	await writeFile(file('package.json'), JSON.stringify({ ...manifest, version }, null, 2));
	const archive = path.join(folder, `next-${version}.tgz`);
	await execute('tar', ['-czf', archive, '-C', folder, 'package'], folder);
	return archive;
}

/** Puts another version in the place of one that a running n8n has loaded: each entry at once, so that no reload sees half of it. */
export async function overwritePackage(userFolder: string, name: string, tarball: string): Promise<void> {
	const other = await createUserFolder({ tarball });
	const of = (folder: string) => path.join(folder, '.n8n', 'nodes', 'node_modules', name);
	const aside = path.join(other, 'aside');
	try {
		await mkdir(aside);
		for (const entry of await readdir(of(other))) {
			if (existsSync(path.join(of(userFolder), entry))) await rename(path.join(of(userFolder), entry), path.join(aside, entry));
			await rename(path.join(of(other), entry), path.join(of(userFolder), entry));
		}
	} finally {
		await rm(other, { recursive: true, force: true });
	}
}
