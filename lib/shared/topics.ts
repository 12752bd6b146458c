/** Listeners by channel, within one process. A listener that throws harms nobody else. */
export class Topics {
	readonly #listeners = new Map<string, Set<(message: string) => void>>();

	/** Returns what ends it, and whether the channel was new. */
	add(channel: string, listener: (message: string) => void): { first: boolean; remove: () => boolean } {
		const present = this.#listeners.get(channel);
		const listeners = present ?? new Set();
		listeners.add(listener);
		this.#listeners.set(channel, listeners);
		return {
			first: present === undefined,
			/** Says whether it was the channel's last listener. */
			remove: () => {
				if (!listeners.delete(listener) || listeners.size > 0) return false;
				return this.#listeners.delete(channel);
			},
		};
	}

	/** Of the channels that somebody listens to. */
	names(): string[] {
		return [...this.#listeners.keys()];
	}

	emit(channel: string, message: string): void {
		for (const listener of [...(this.#listeners.get(channel) ?? [])]) {
			try {
				listener(message);
			} catch {
				// The news was delivered; what the listener makes of it is its own business.
			}
		}
	}

	clear(): void {
		this.#listeners.clear();
	}
}
