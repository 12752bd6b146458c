import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IExecuteFunctions,
	INodeCredentialTestResult,
	ISupplyDataFunctions,
	ITriggerFunctions,
} from 'n8n-workflow';
import { systemClock } from '../core/clock';
import { requireOneOf } from '../core/validate';
import { probeSharedStore, type Runtime, type SharedStore } from '../runtime';
import { toNodeError } from './errors';
import { addHint } from './hints';
import { toStoreSettings } from './store-settings';

export const STORE_CREDENTIAL = 'fastpathStoreApi';

const CHOICES = ['memory', 'shared'] as const;

type StoreContext = IExecuteFunctions | ISupplyDataFunctions | ITriggerFunctions;

/**
 * What the option Store means: undefined for the memory of this process, else the store of the Fastpath Store credential with
 * that memory in front of it. Tells the user where it is out.
 */
export async function openStore(context: StoreContext, runtime: Runtime, choice: unknown): Promise<SharedStore | undefined> {
	const shared = await obtain(context, runtime, choice);
	if (!shared) return undefined;
	const { label, status } = shared;
	if (status.state === 'down') {
		addHint(context, `The shared store ${label} does not answer (${status.reason}). Meanwhile answers are kept, and limits and budgets counted, by this process alone.`, 'warning');
	}
	return shared;
}

async function obtain(context: StoreContext, runtime: Runtime, choice: unknown): Promise<SharedStore | undefined> {
	try {
		if (requireOneOf('Store', choice ?? 'memory', CHOICES) === 'memory') return undefined;
		return runtime.sharedStores.obtain(toStoreSettings(await context.getCredentials(STORE_CREDENTIAL)));
	} catch (error) {
		throw toNodeError(context.getNode(), error, 0);
	}
}

/** For the credential's Test button: connects, reads and writes. */
export async function testStore(this: ICredentialTestFunctions, credential: ICredentialsDecrypted): Promise<INodeCredentialTestResult> {
	try {
		await probeSharedStore(toStoreSettings(credential.data ?? {}), systemClock);
		return { status: 'OK', message: 'The store can be read and written' };
	} catch (error) {
		return { status: 'Error', message: error instanceof Error ? error.message : String(error) };
	}
}
