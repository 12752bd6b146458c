import type { IExecuteFunctions } from 'n8n-workflow';
import { openLibrary } from '../../lib/n8n/templates';
import type { Runtime } from '../../lib/runtime';
import { TemplateRun } from '../shared/template-run';
import { readLibrary, readsTemplates, type PromptFiller } from './parameters';

/** Where the prompts of a run are templates of the library: what fills them. */
export async function promptFiller(context: IExecuteFunctions, runtime: Runtime): Promise<PromptFiller | undefined> {
	if (!readsTemplates(context)) return undefined;
	const run = new TemplateRun(await openLibrary(context, runtime, readLibrary(context)), runtime.clock);
	const inputs = context.getInputData();
	return (choice, itemIndex) => run.fill(choice, inputs[itemIndex]?.json ?? {});
}
