/** What package.json lists, loaded from dist: for tests and generators that hold for every node there will be. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { INodeType, INodeTypeDescription, IVersionedNodeType } from 'n8n-workflow';

const ROOT = path.resolve(import.meta.dirname, '../..');

export interface BuiltNode {
	/** Such as `CachedAiCall`. */
	readonly className: string;
	/** Of the compiled class, relative to the repository. */
	readonly file: string;
	/** Of the version that new nodes get. */
	readonly description: INodeTypeDescription;
}

export const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
	readonly name: string;
	readonly version: string;
	readonly author: { readonly name: string };
	readonly engines: { readonly node: string };
	readonly scripts: Readonly<Record<string, string>>;
	readonly n8n: { readonly nodes: readonly string[]; readonly credentials: readonly string[] };
};

export function builtNodes(): BuiltNode[] {
	const require = createRequire(path.join(ROOT, 'package.json'));
	return manifest.n8n.nodes.map((file) => {
		const className = path.basename(file, '.node.js');
		const loaded = require(path.join(ROOT, file)) as Record<string, new () => INodeType | IVersionedNodeType>;
		const NodeClass = loaded[className];
		if (!NodeClass) throw new Error(`${file} exports no class ${className}`);
		const node = new NodeClass();
		return { className, file, description: 'nodeVersions' in node ? node.getNodeType().description : node.description };
	});
}

/** As workflows name it: `n8n-nodes-fastpath.cachedAiCall`. */
export function typeName({ description }: BuiltNode): string {
	return `${manifest.name}.${description.name}`;
}
