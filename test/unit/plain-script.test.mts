import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Every file that is loaded with `entry`, and every package that they name. */
function loadedWith(entry: string): { files: Set<string>; packages: Set<string> } {
	const files = new Set<string>();
	const packages = new Set<string>();
	const visit = (file: string) => {
		if (files.has(file)) return;
		files.add(file);
		const source = readFileSync(path.join(ROOT, file), 'utf8');
		for (const [, types, specifier = ''] of source.matchAll(/^(?:import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'/gm)) {
			if (types) continue;
			if (!specifier.startsWith('.')) {
				packages.add(specifier);
				continue;
			}
			const target = path.join(path.dirname(file), specifier);
			visit(existsSync(path.join(ROOT, `${target}.ts`)) ? `${target}.ts` : `${target}/index.ts`);
		}
	};
	visit(entry);
	return { files, packages };
}

test('the library runs in a plain script: nothing that the runtime loads needs n8n', () => {
	const { files, packages } = loadedWith('lib/runtime/index.ts');
	expect(files.size).toBeGreaterThan(25);
	expect([...files].filter((file) => !file.startsWith('lib/') || file.startsWith('lib/n8n/'))).toEqual([]);
	expect([...packages].filter((name) => !name.startsWith('node:')).sort()).toEqual(['ioredis', 'keyv', 'liquidjs', 'lru-cache', 'undici']);
});
