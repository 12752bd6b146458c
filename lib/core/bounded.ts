import type { Clock } from './clock';
import { TimeoutError } from './errors';

/**
 * Settles like `promise`, or rejects with a TimeoutError of an attempt after `ms`; the promise itself goes on. A process that was
 * busy fires its timers before it reads what has come in meanwhile: an answer that lies there already is not late.
 */
export async function bounded<T>(promise: Promise<T>, ms: number, clock: Clock): Promise<T> {
	return await new Promise<T>((resolve, reject) => {
		const expire = () => reject(new TimeoutError('attempt', ms));
		let cancel = clock.after(ms, () => {
			cancel = clock.after(0, expire);
		});
		promise.then(resolve, reject).finally(() => cancel());
	});
}
