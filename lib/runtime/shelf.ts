import { randomUUID } from 'node:crypto';
import type { SharedBackend, SharedLeases, SureShared } from '../core/shared';

/** Small plain data in one place: this process alone, or all processes that share a store. */
export interface Shelf {
	/** Undefined where the place cannot be reached; its value is undefined where there is nothing. `aside`: no place is kept open for it. */
	read(name: string, how?: { readonly aside?: boolean }): Promise<{ readonly value: unknown } | undefined>;
	/** Whether it is kept. */
	write(name: string, value: unknown): Promise<boolean>;
	/** Undefined, and nothing done, while another process does something under that name. */
	alone<T>(name: string, work: () => Promise<T>): Promise<{ readonly value: T } | undefined>;
}

export class OwnShelf implements Shelf {
	readonly #kept = new Map<string, unknown>();

	async read(name: string): Promise<{ readonly value: unknown }> {
		return { value: this.#kept.get(name) };
	}

	async write(name: string, value: unknown): Promise<boolean> {
		this.#kept.set(name, value);
		return true;
	}

	async alone<T>(_name: string, work: () => Promise<T>): Promise<{ readonly value: T }> {
		return { value: await work() };
	}
}

const KEPT_MS = 30 * 86_400_000;
/** A process that dies while it is alone keeps others out for no longer. */
const ALONE_MS = 10_000;

/** While the store is out, nothing is read or written, and each process is alone by itself. */
export class SharedShelf implements Shelf {
	/** @param aside asks the store only where it is in use anyway */
	constructor(
		private readonly shared: SureShared & SharedLeases,
		private readonly aside: SureShared['sure'],
	) {}

	async read(name: string, { aside = false } = {}): Promise<{ readonly value: unknown } | undefined> {
		const command = async (store: SharedBackend) => await store.get(placeOf(name));
		const read = await (aside ? this.aside(command) : this.shared.sure(command));
		return read && { value: read.value && parse(read.value) };
	}

	async write(name: string, value: unknown): Promise<boolean> {
		const bytes = Buffer.from(JSON.stringify(value));
		const written = await this.shared.sure(async (store) => await store.set(placeOf(name), bytes, KEPT_MS));
		return written !== undefined;
	}

	async alone<T>(name: string, work: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
		const token = randomUUID();
		if (!(await this.shared.acquire(placeOf(name), token, ALONE_MS))) return undefined;
		try {
			return { value: await work() };
		} finally {
			await this.shared.release(placeOf(name), token);
		}
	}
}

function placeOf(name: string): string {
	return `shelf ${name}`;
}

/** What cannot be read is as good as nothing. */
function parse(bytes: Buffer): unknown {
	try {
		return JSON.parse(bytes.toString('utf8'));
	} catch {
		return undefined;
	}
}
