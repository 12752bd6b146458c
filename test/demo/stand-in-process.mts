import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Behaviour, CounterSnapshot } from '../stand-in/ai-provider.mts';

const MAIN = fileURLToPath(new URL('../stand-in/main.mts', import.meta.url));

/** The stand-in in a process of its own, so that it does not share a CPU turn with anything it measures. */
export interface StandInProcess {
	readonly url: string;
	readonly httpsUrl: string;
	readonly apiKey: string;
	counters(): Promise<CounterSnapshot>;
	reset(): Promise<void>;
	setBehaviour(...behaviours: Behaviour[]): Promise<void>;
	stop(): Promise<void>;
}

export async function startStandInProcess(options: {
	itemsFile?: string;
	forwardTo?: string | undefined;
}): Promise<StandInProcess> {
	const items = options.itemsFile === undefined ? [] : ['--items', options.itemsFile];
	const forward = options.forwardTo === undefined ? [] : ['--forward-to', options.forwardTo];
	const child = spawn(process.execPath, [MAIN, ...items, ...forward], {
		// It ends when its input does, so it never outlives this process.
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	const exited = once(child, 'exit');
	const firstLine = once(createInterface(child.stdout), 'line') as Promise<[string]>;
	const line = await Promise.race([firstLine, exited.then(() => undefined)]);
	if (line === undefined) throw new Error('The stand-in server did not start.');
	const { url, httpsUrl, apiKey } = JSON.parse(line[0]) as Record<'url' | 'httpsUrl' | 'apiKey', string>;
	const control = async (method: string, path: string, body?: unknown): Promise<unknown> => {
		const sent = body === undefined ? {} : { body: JSON.stringify(body) };
		const response = await fetch(url + path, { method, ...sent });
		if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
		return await response.json();
	};
	return {
		url,
		httpsUrl,
		apiKey,
		counters: async () => (await control('GET', '/__counters')) as CounterSnapshot,
		reset: async () => void (await control('POST', '/__reset')),
		setBehaviour: async (...behaviours) => void (await control('POST', '/__behaviour', behaviours)),
		stop: async () => {
			child.kill('SIGTERM');
			await exited;
		},
	};
}
