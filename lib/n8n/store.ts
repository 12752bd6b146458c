import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	IExecuteFunctions,
	INodeCredentialTestResult,
	ISupplyDataFunctions,
} from 'n8n-workflow';
import { systemClock } from '../core/clock';
import { probeSharedStore, type Runtime, type SharedStore } from '../runtime';
import { toNodeError } from './errors';
import { addHint } from './hints';
import { toStoreSettings } from './store-settings';

export const STORE_CREDENTIAL = 'fastpathStoreApi';

/** The store of a Fastpath Store credential, with this process's memory in front of it. Tells the user where it is out. */
export async function openSharedStore(context: IExecuteFunctions | ISupplyDataFunctions, runtime: Runtime): Promise<SharedStore> {
	const shared = await obtain(context, runtime);
	const { label, status } = shared;
	if (status.state === 'down') {
		addHint(context, `The shared store ${label} does not answer (${status.reason}). Answers are kept in the memory of this process meanwhile.`, 'warning');
	}
	return shared;
}

async function obtain(context: IExecuteFunctions | ISupplyDataFunctions, runtime: Runtime): Promise<SharedStore> {
	const data = await context.getCredentials(STORE_CREDENTIAL);
	try {
		return runtime.sharedStores.obtain(toStoreSettings(data));
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
