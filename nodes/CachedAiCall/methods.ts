import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { newTrace } from '../../lib/core/trace';
import { toNodeError } from '../../lib/n8n/errors';
import { listTemplates } from '../../lib/n8n/templates';
import { getRuntime } from '../../lib/runtime';
import { toConnection } from '../shared/connection';
import { accessOpener } from './access';
import { libraryOf } from '../shared/template';
import { DEFAULTS } from './defaults';
import { sendToProvider } from './operations/send';
import { chosenProvider } from './providers';

const LIST_TIMEOUT_MS = 15_000;

/** The provider's own list of models, for the picker. */
export async function searchModels(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	const runtime = getRuntime();
	const bound = runtime.detachedSignal(LIST_TIMEOUT_MS);
	try {
		const provider = chosenProvider(this.getCurrentNodeParameter('provider'), this.getCurrentNodeParameter('firstProvider')).provider;
		const baseUrl = this.getCurrentNodeParameter('baseUrl');
		const access = await accessOpener(this)(provider, typeof baseUrl === 'string' ? baseUrl : undefined);
		const options = (this.getCurrentNodeParameter('options') ?? {}) as Record<string, unknown>;
		const { wire } = access.choice;
		const body = await sendToProvider(
			runtime,
			access,
			wire.listModels(),
			{ connection: toConnection(options, DEFAULTS), attemptTimeoutMs: LIST_TIMEOUT_MS },
			{ signal: bound.signal, trace: newTrace(), idempotent: true },
		);
		const wanted = filter.toLowerCase();
		const embedding = this.getCurrentNodeParameter('operation') === 'embed' ? wire.embeddings : undefined;
		const models = (embedding ?? wire).parseModels(body).filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(wanted));
		return { results: models.map(({ id, name }) => ({ name, value: id })) };
	} catch (error) {
		throw toNodeError(this.getNode(), error, 0);
	} finally {
		bound.release();
	}
}

/** The names in the library, for the picker. */
export async function searchTemplates(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	return await listTemplates(this, getRuntime(), libraryOf(this.getCurrentNodeParameter('library'), this.getCurrentNodeParameter('store')), filter);
}
