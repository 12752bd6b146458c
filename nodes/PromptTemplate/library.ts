import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { TemplateError } from '../../lib/core/errors';
import { runItems, type ItemWork } from '../../lib/n8n/items';
import { openLibrary } from '../../lib/n8n/templates';
import type { Runtime } from '../../lib/runtime';
import type { Library, Saved, Template } from '../../lib/template';
import type { Operation } from './operations';
import { draftReader, importReader, nameReader, queryReader, readLibrary } from './parameters';

export type LibraryOperation = Exclude<Operation, 'fill' | 'explain'>;

/** Works on the library, for each item. */
export async function libraryItems(context: IExecuteFunctions, runtime: Runtime, operation: LibraryOperation): Promise<INodeExecutionData[][]> {
	const library = await openLibrary(context, runtime, readLibrary(context));
	return await runItems(context, { concurrency: 1 }, WORK[operation](context, library));
}

type Work = (context: IExecuteFunctions, library: Library) => ItemWork;

const WORK: Readonly<Record<LibraryOperation, Work>> = {
	save(context, library) {
		const inputs = context.getInputData();
		const read = draftReader(context, (itemIndex) => inputs[itemIndex]?.json ?? {});
		return async (itemIndex) => {
			const [saved] = await library.save([read(itemIndex)]);
			return saved ? { json: { ...summary(saved.template, library), outcome: saved.outcome } } : [];
		};
	},
	get(context, library) {
		const read = nameReader(context);
		return async (itemIndex) => {
			const { name, version } = read(itemIndex);
			return { json: whole(library.require(name, version)) };
		};
	},
	delete(context, library) {
		const read = nameReader(context);
		return async (itemIndex) => {
			const { name, version } = read(itemIndex);
			return { json: { name, version: version ?? null, deleted: await library.delete(name, version) } };
		};
	},
	list: find,
	find,
	export(context, library) {
		const read = queryReader(context);
		return async (itemIndex) => {
			const { tags } = read(itemIndex);
			const { templates } = library.find({ tags, fields: [], words: [] }, Infinity);
			const versions = templates.flatMap(({ name }) => library.versions(name)).sort((a, b) => a.order - b.order);
			return { json: { templates: versions.map(whole) } };
		};
	},
	import(context, library) {
		const read = importReader(context);
		return async (itemIndex) => {
			const { drafts, keep } = read(itemIndex);
			return { json: outcomes(await library.save(drafts, keep)) };
		};
	},
};

function find(context: IExecuteFunctions, library: Library): ItemWork {
	const read = queryReader(context);
	return async (itemIndex) => {
		if (!library.isKnown) throw new TemplateError(`The store ${library.label} does not answer, so that no template is known`);
		const { limit, ...query } = read(itemIndex);
		return library.find(query, limit).templates.map((template) => ({ json: summary(template, library) }));
	};
}

function summary(template: Template, library: Library): IDataObject {
	const { name, version, description, tags, reads, savedAt } = template;
	return { name, version, description, tags: [...tags], fields: [...reads], versions: library.versions(name).length, savedAt: new Date(savedAt).toISOString() };
}

/** As it is imported again. */
function whole({ name, version, description, tags, text, escape, fields, savedAt }: Template): IDataObject {
	const declared = fields.map(({ synonyms, ...field }) => ({ ...field, ...(synonyms ? { synonyms: [...synonyms] } : {}) })) as IDataObject[];
	return { name, version, description, tags: [...tags], text, escape, fields: declared, savedAt: new Date(savedAt).toISOString() };
}

function outcomes(saved: readonly Saved[]): IDataObject {
	const count = (wanted: Saved['outcome']) => saved.filter(({ outcome }) => outcome === wanted).length;
	return { created: count('created'), replaced: count('replaced'), unchanged: count('unchanged'), skipped: count('skipped') };
}
