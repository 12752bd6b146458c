import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';
import { listTemplates } from '../../lib/n8n/templates';
import { getRuntime } from '../../lib/runtime';
import { libraryOf } from '../shared/template';

/** The names in the library, for the picker. */
export async function searchTemplates(this: ILoadOptionsFunctions, filter = ''): Promise<INodeListSearchResult> {
	return await listTemplates(this, getRuntime(), libraryOf(this.getCurrentNodeParameter('library'), this.getCurrentNodeParameter('options.store')), filter);
}
