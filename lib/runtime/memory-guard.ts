import { getHeapStatistics } from 'node:v8';
import type { Allowance, ByteBound } from '../core/byte-bound';
import type { Clock } from '../core/clock';
import { allowanceUnder, DEFAULT_LIMITS, feel, NO_PRESSURE, readPressureLimits, type Pressure, type PressureLimits } from '../core/pressure';
import { heapLimitBytes } from '../metrics/heap';

export interface MemoryGuardSettings extends PressureLimits {
	/** Whether to collect garbage when caches have let go of half. Only where Node.js exposes it (--expose-gc), and never unasked. */
	readonly collectGarbage: boolean;
}

export interface HeapReading {
	readonly usedBytes: number;
	readonly limitBytes: number;
}

export interface MemoryGuardParts {
	readonly clock: Clock;
	/** The bounds of those that can do with less. */
	readonly caches: readonly ByteBound[];
	readonly read?: (() => HeapReading) | undefined;
	readonly log?: ((message: string) => void) | undefined;
}

export interface MemoryGuardStats extends Allowance {
	readonly level: Pressure['level'];
	/** Of what the heap may grow to, at the last look. */
	readonly heapShare: number;
	/** How often caches were shrunk, stopped, and made to let go of half. */
	readonly shrunk: number;
	readonly stopped: number;
	readonly halved: number;
}

const LOOK_EVERY_MS = 5000;

/** Makes the caches of this process yield when its memory runs out, and gives it back when it is plenty again. */
export class MemoryGuard {
	#settings: MemoryGuardSettings = { ...DEFAULT_LIMITS, collectGarbage: false };
	#pressure = NO_PRESSURE;
	#heapShare = 0;
	#cancel: (() => void) | undefined;
	readonly #counts = { shrunk: 0, stopped: 0, halved: 0 };
	readonly #read: () => HeapReading;

	constructor(private readonly parts: MemoryGuardParts) {
		this.#read = parts.read ?? heapReader();
	}

	/** Looks from now on; costs nothing before. */
	start(): void {
		this.#cancel ??= this.parts.clock.after(LOOK_EVERY_MS, () => {
			this.#cancel = undefined;
			this.look();
			this.start();
		});
	}

	stop(): void {
		this.#cancel?.();
		this.#cancel = undefined;
	}

	/** @throws InvalidOptionError */
	configure(given: Partial<MemoryGuardSettings>): MemoryGuardSettings {
		const { collectGarbage = this.#settings.collectGarbage, ...limits } = { ...this.#settings, ...given };
		this.#settings = { ...readPressureLimits(limits), collectGarbage };
		return this.#settings;
	}

	look(): void {
		const { caches, clock } = this.parts;
		const { usedBytes, limitBytes } = this.#read();
		this.#heapShare = limitBytes > 0 ? usedBytes / limitBytes : 0;
		const before = this.#pressure.level;
		const { pressure, halve } = feel(this.#pressure, this.#heapShare, clock.now(), this.#settings);
		this.#pressure = pressure;
		if (pressure.level !== before) this.#changed(before);
		if (!halve) return;
		this.#counts.halved += 1;
		for (const cache of caches) cache.dropColdHalf();
		if (this.#settings.collectGarbage) globalThis.gc?.();
	}

	stats(): MemoryGuardStats {
		return { level: this.#pressure.level, heapShare: this.#heapShare, ...allowanceUnder(this.#pressure), ...this.#counts };
	}

	#changed(before: Pressure['level']): void {
		const { level } = this.#pressure;
		const allowance = allowanceUnder(this.#pressure);
		for (const cache of this.parts.caches) cache.allow(allowance);
		if (level === 'critical') this.#counts.stopped += 1;
		if (level === 'high' && before === 'none') this.#counts.shrunk += 1;
		this.parts.log?.(`The heap is ${Math.round(this.#heapShare * 100)} % full: caches ${SAYS[level]}.`);
	}
}

const SAYS: Readonly<Record<Pressure['level'], string>> = {
	none: 'may use all of their memory again',
	high: 'may use half of their memory',
	critical: 'let go of half of what they hold and take nothing new',
};

function heapReader(): () => HeapReading {
	const limitBytes = heapLimitBytes();
	return () => ({ usedBytes: getHeapStatistics().used_heap_size, limitBytes });
}
