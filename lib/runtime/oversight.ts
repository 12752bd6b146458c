import type { Clock } from '../core/clock';
import { isFastpathError } from '../core/errors';
import type { Snapshot } from '../core/snapshot';
import { DEFAULT_SETTINGS, readSettings, type InsightSettings } from '../insight';
import { AlertWatch } from './alert-watch';
import type { Shelf } from './shelf';

export interface OversightParts {
	readonly clock: Clock;
	readonly snapshot: () => Promise<Snapshot>;
	readonly shelf: Shelf;
	/** Told of the settings whenever they are read: what holds in all processes holds in this one from then on. */
	readonly apply?: (settings: InsightSettings) => void;
}

const SETTINGS = 'settings';

/** What is measured, what is held to be too much of it, and what was found so: of a process, or of all that share a store. */
export class Oversight {
	readonly alerts: AlertWatch;
	/** As they were seen last; they stand in while the store is out. */
	#settings = DEFAULT_SETTINGS;

	constructor(private readonly parts: OversightParts) {
		this.alerts = new AlertWatch({ ...parts, settings: async () => await this.settings() });
	}

	async snapshot(): Promise<Snapshot> {
		return await this.parts.snapshot();
	}

	/** `aside`: only where the place that they are kept in is in use anyway. */
	async settings({ aside = false } = {}): Promise<InsightSettings> {
		const kept = await this.parts.shelf.read(SETTINGS, { aside });
		if (kept) this.#settings = settingsOf(kept.value);
		// Where nobody has set anything, what was set elsewhere for this process stays.
		if (kept?.value !== undefined) this.parts.apply?.(this.#settings);
		return this.#settings;
	}

	/**
	 * Changes those that are given. `kept`: whether the place where they belong took them; else they hold in this process alone.
	 *
	 * @throws InvalidOptionError that names the setting; nothing is changed then
	 */
	async configure(given: unknown, { reset = false } = {}): Promise<{ readonly settings: InsightSettings; readonly kept: boolean }> {
		const settings = readSettings(given, reset ? DEFAULT_SETTINGS : await this.settings());
		this.#settings = settings;
		this.parts.apply?.(settings);
		return { settings, kept: await this.parts.shelf.write(SETTINGS, settings) };
	}
}

/** What another version wrote and this one does not know is as good as nothing. */
function settingsOf(kept: unknown): InsightSettings {
	if (kept === undefined) return DEFAULT_SETTINGS;
	try {
		return readSettings(kept);
	} catch (error) {
		if (isFastpathError(error)) return DEFAULT_SETTINGS;
		throw error;
	}
}
