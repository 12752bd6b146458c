import { randomUUID } from 'node:crypto';
import type { SharedSignals } from '../core/shared';
import type { Store } from './store';

const CHANNEL = 'deleted';

/**
 * Tells other processes what was deleted here, and deletes what they tell of from the memory of this one. Should news get lost, a
 * copy is used until it is no longer fresh.
 */
export class FrontNews {
	/** Its own news come back to it. */
	readonly #own = randomUUID();
	#listening = false;

	constructor(
		private readonly signals: SharedSignals,
		private readonly front: Store,
	) {}

	/** From the first answer on that may be kept in front. */
	listen(): void {
		if (this.#listening) return;
		this.#listening = true;
		void this.signals.subscribe(CHANNEL, (news) => {
			const [by, key] = news.split(' ');
			if (by !== this.#own && key !== undefined) void this.front.delete(key);
		});
	}

	deleted(key: string): void {
		void this.signals.publish(CHANNEL, `${this.#own} ${key}`);
	}
}
