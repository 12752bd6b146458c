/** Collects all garbage of another Node.js process, so that what is left of its heap can be compared over time. */
import { freePort } from '../../test/helpers/child-process.mts';

const PATIENCE_MS = 15_000;

export interface Collector {
	/** What a process has to be started with. */
	readonly env: Record<string, string>;
	/** Opens the inspector of a process that was started so, on a port of its own. */
	open(pid: number): Promise<void>;
	/** Bytes of the heap that are in use once everything that can go has gone. */
	collect(): Promise<number>;
	close(): void;
}

export async function createCollector(): Promise<Collector> {
	const port = await freePort();
	let socket: WebSocket | undefined;
	let number = 0;
	const ask = async <T,>(method: string): Promise<T> => {
		const id = (number += 1);
		const inspector = socket;
		if (!inspector) throw new Error('The inspector is not open');
		return await new Promise<T>((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`${method} took longer than ${PATIENCE_MS} ms`)), PATIENCE_MS);
			const hear = ({ data }: MessageEvent) => {
				const answer = JSON.parse(String(data)) as { id?: number; result: T };
				if (answer.id !== id) return;
				clearTimeout(timer);
				inspector.removeEventListener('message', hear);
				resolve(answer.result);
			};
			inspector.addEventListener('message', hear);
			inspector.send(JSON.stringify({ id, method }));
		});
	};
	return {
		env: { NODE_OPTIONS: `--inspect-port=127.0.0.1:${port}` },
		async open(pid) {
			process.kill(pid, 'SIGUSR1');
			const [target] = await listed(port);
			socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
			await new Promise((resolve, reject) => {
				socket?.addEventListener('open', resolve);
				socket?.addEventListener('error', () => reject(new Error('The inspector does not answer')));
			});
		},
		async collect() {
			await ask('HeapProfiler.collectGarbage');
			return (await ask<{ usedSize: number }>('Runtime.getHeapUsage')).usedSize;
		},
		close: () => socket?.close(),
	};
}

async function listed(port: number): Promise<Array<{ webSocketDebuggerUrl: string }>> {
	for (const endsAt = performance.now() + PATIENCE_MS; ; ) {
		try {
			return (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Array<{ webSocketDebuggerUrl: string }>;
		} catch (error) {
			if (performance.now() > endsAt) throw error;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}
}
