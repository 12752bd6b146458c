/** What the workflows of workflows/ need of the n8n that they run in, for their tests and their pictures. */
import type { Addresses } from '../demo/workflows.mts';
import type { InstalledN8n } from '../helpers/installed-n8n.mts';

export const ITEMS: ReadonlyArray<{ index: number; name: string; description: string }> = Array.from({ length: 200 }, (_, index) => ({
	index,
	name: `package-${index}`,
	description: `a small library number ${index} for fast web servers`,
}));

/** How the stand-in provider is started. */
export const STAND_IN = { items: ITEMS };

/** Credentials of all the types that the workflows name, for the stand-in. */
export async function galleryCredentials({ instance, standIn }: InstalledN8n): Promise<Addresses> {
	const openAiApi = await instance.createCredential({ name: 'OpenAI account', type: 'openAiApi', data: { apiKey: standIn.apiKey, url: `${standIn.url}/v1`, header: false } });
	const httpHeaderAuth = await instance.createCredential({ name: 'Key of the endpoint', type: 'httpHeaderAuth', data: { name: 'Authorization', value: 'Bearer gallery' } });
	const httpBasicAuth = await instance.createCredential({ name: 'Users of the page', type: 'httpBasicAuth', data: { user: 'gallery', password: 'gallery' } });
	return { url: standIn.url, httpsUrl: standIn.httpsUrl, credentials: { openAiApi, httpHeaderAuth, httpBasicAuth }, model: 'gpt-4o-mini', items: ITEMS.length };
}
