/** A real n8n with the built package installed, and a stand-in server beside it. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { startStandIn, type StandIn, type StandInOptions } from '../stand-in/ai-provider.mts';
import { createUserFolder, packPackage, startN8n, type N8nInstance } from './n8n-instance.mts';

export interface InstalledN8n {
	/** The one that runs now. */
	readonly instance: N8nInstance;
	readonly standIn: StandIn;
	/** n8n's own folder is `.n8n` in it. */
	readonly userFolder: string;
	/** Ends n8n and starts it again, with the database that it had. */
	restart(): Promise<N8nInstance>;
	close(): Promise<void>;
}

/** Where pictures for a person to look at go; git ignores it. */
export const PICTURES = path.resolve(import.meta.dirname, '../../.cache/screenshots');

export async function startInstalledN8n(options: { env?: Record<string, string>; standIn?: StandInOptions } = {}): Promise<InstalledN8n> {
	const tarball = await packPackage();
	const userFolder = await createUserFolder({ tarball });
	await rm(path.dirname(tarball), { recursive: true, force: true });
	const standIn = await startStandIn(options.standIn);
	const start = async () => await startN8n({ userFolder, ...(options.env ? { env: options.env } : {}) });
	let instance = await start();
	return {
		get instance() {
			return instance;
		},
		standIn,
		userFolder,
		async restart() {
			await instance.stop();
			instance = await start();
			return instance;
		},
		async close() {
			await instance.stop();
			await standIn.close();
			await rm(userFolder, { recursive: true, force: true });
		},
	};
}
