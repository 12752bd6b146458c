import type { SharedBackend } from '../../lib/core/shared.ts';

/** unheard: does what it is told, but its answers never come. */
export type Health = 'well' | 'throws' | 'hangs' | 'unheard' | 'full';

export interface Patient {
	health: Health;
	/** Commands that reached it. */
	sent: number;
	reconnects: number;
}

/** A store that falls ill when told to, and counts what is sent to it. */
export function sickStore(store: SharedBackend): { backend: SharedBackend; patient: Patient } {
	const patient: Patient = { health: 'well', sent: 0, reconnects: 0 };
	const backend = new Proxy<SharedBackend>(store, {
		get(target, name) {
			if (name === 'isRefusal') return (error: unknown) => error instanceof Error && error.message.startsWith('OOM');
			if (name === 'reconnect') return () => (patient.reconnects += 1);
			const member = Reflect.get(target, name, target) as unknown;
			if (typeof member !== 'function' || ['connect', 'dispose', 'subscribe'].includes(String(name))) {
				return typeof member === 'function' ? member.bind(target) : member;
			}
			return async (...args: unknown[]) => {
				patient.sent += 1;
				if (patient.health === 'throws') throw new Error('Connection is closed');
				if (patient.health === 'hangs') return await new Promise(() => {});
				const writes = name === 'set' || (name === 'probe' && args[0] === true);
				if (patient.health === 'full' && writes) throw new Error('OOM command not allowed');
				const answer = await (member as (...given: unknown[]) => unknown).apply(target, args);
				return patient.health === 'unheard' ? await new Promise(() => {}) : answer;
			};
		},
	});
	return { backend, patient };
}
