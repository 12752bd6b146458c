import type { IExecuteFunctions, ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { requireOneOf } from '../core/validate';
import { templateFile, type Runtime, type SharedStore } from '../runtime';
import type { Library } from '../template';
import { toNodeError } from './errors';
import { addHint } from './hints';
import { STORE_CREDENTIAL } from './store';
import { toStoreSettings } from './store-settings';

const CHOICES = ['file', 'memory', 'shared'] as const;
const MAX_LISTED = 100;

/** The library that the option Library means, up to date. Tells the user where its store is out. */
export async function openLibrary(context: IExecuteFunctions, runtime: Runtime, choice: unknown): Promise<Library> {
	try {
		const { library, shared } = await obtain(context, runtime, choice);
		if (shared?.status.state === 'down') {
			const meanwhile = library.isKnown ? 'Templates are as this process saw them last, and cannot be changed.' : 'No templates are known.';
			addHint(context, `The library's store ${shared.label} does not answer (${shared.status.reason}). ${meanwhile}`, 'warning');
		}
		return library;
	} catch (error) {
		throw toNodeError(context.getNode(), error, 0);
	}
}

/** Names of templates for a picker, with what they are for. */
export async function listTemplates(context: ILoadOptionsFunctions, runtime: Runtime, choice: unknown, filter: string): Promise<INodeListSearchResult> {
	try {
		const { library } = await obtain(context, runtime, choice);
		const words = filter.split(/\s+/).filter((word) => word !== '');
		const { templates } = library.find({ tags: [], fields: [], words }, MAX_LISTED);
		return { results: templates.map(({ name, description }) => ({ name, value: name, ...(description === '' ? {} : { description }) })) };
	} catch (error) {
		throw toNodeError(context.getNode(), error, 0);
	}
}

async function obtain(
	context: Pick<IExecuteFunctions | ILoadOptionsFunctions, 'getCredentials'>,
	runtime: Runtime,
	choice: unknown,
): Promise<{ readonly library: Library; readonly shared: SharedStore | undefined }> {
	const wanted = requireOneOf('Library', choice ?? 'file', CHOICES);
	if (wanted === 'memory') return { library: runtime.templates.memory, shared: undefined };
	const settings = wanted === 'file' ? templateFile() : toStoreSettings(await context.getCredentials(STORE_CREDENTIAL));
	const shared = runtime.sharedStores.obtain(settings);
	const library = runtime.templates.over(shared);
	await library.current();
	return { library, shared };
}
