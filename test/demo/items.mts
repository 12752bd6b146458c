import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface InstalledPackage {
	name: string;
	description: string;
}

function folders(parent: string): string[] {
	return readdirSync(parent, { withFileTypes: true })
		.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
		.map(({ name }) => name)
		.sort();
}

function packageOf(folder: string): InstalledPackage | undefined {
	try {
		const { name, description } = JSON.parse(
			readFileSync(join(folder, 'package.json'), 'utf8'),
		) as Partial<InstalledPackage>;
		return name && description ? { name, description } : undefined;
	} catch {
		return undefined;
	}
}

function* packagesIn(modules: string): Generator<InstalledPackage> {
	for (const folder of folders(modules)) {
		const scoped = folder.startsWith('@') ? folders(join(modules, folder)) : [''];
		for (const name of scoped) {
			const place = join(modules, folder, name);
			const found = packageOf(place);
			if (found !== undefined) yield found;
			const inner = folders(place).includes('node_modules');
			if (inner) yield* packagesIn(join(place, 'node_modules'));
		}
	}
}

/**
 * Name and description of the npm packages that are installed below `modules`, in the order of their
 * folders, as they come: several versions of a package, and packages of one family, repeat a description.
 */
export function installedPackages(modules: string, most: number): InstalledPackage[] {
	const found: InstalledPackage[] = [];
	for (const one of packagesIn(modules)) {
		if (found.length === most) break;
		found.push(one);
	}
	return found;
}
