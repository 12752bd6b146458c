import { ensureN8n } from '../n8n/install.mjs';
import { ensurePrograms } from './system-packages.mts';

/** Runs once before the end-to-end tests: what they need beyond node_modules. */
export default async function setup(): Promise<void> {
	ensurePrograms({ chromium: 'chromium', 'redis-server': 'redis-server', initdb: 'postgresql' });
	await ensureN8n();
}
