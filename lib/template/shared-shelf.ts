import { randomUUID } from 'node:crypto';
import type { Clock } from '../core/clock';
import { TemplateError } from '../core/errors';
import { KEPT_MS, type SharedBackend, type SureShared } from '../core/shared';
import { parseTemplate, type Template } from './record';
import { MAX_TEMPLATES, Shelf } from './shelf';

/** The store of a library: what all processes see, and what lasts. */
export interface SharedTemplates {
	readonly backend: SharedBackend & SureShared;
	/** For people: host and port, or the name of the file. */
	readonly label: string;
}

const PREFIX = 'template:';
const COUNTER = 'templates';
const CHANNEL = 'templates';
const LEASE = 'templates';
/** What others have changed is seen after this time at the latest, should its signal get lost. */
const LOOK_EVERY_MS = 2000;
/** How often it is looked whether the store still holds what is here. */
const COMPARE_EVERY_MS = 60_000;
/** A process that holds the right to write for longer has died. */
const LEASE_MS = 10_000;
const WAIT_MS = 3000;
const ASK_AGAIN_MS = 25;
/** A command that was not answered in time is given again: all of them do the same when they are done twice. */
const TRIES = 3;
const AT_ONCE = 100;
const MAX_NEWS = 1000;

interface News {
	readonly n: number;
	readonly keys: readonly string[];
}

/** Told of the names of templates that are not as they were, and whether this process changed them. */
export type Changed = (names: ReadonlySet<string>, isOwn: boolean) => void;

/**
 * Keeps a shelf like a shared store. Who changes the store has a right to it for that time, and counts its changes; news of them come by
 * signal, and should it get lost, by a look at the counter before the shelf is used. While the store is out the shelf stays as it
 * was last, and nothing can be changed.
 */
export class SharedShelf {
	#shelf = new Shelf();
	/** The counter of the store when the shelf was like it; undefined before the first time. */
	#known: number | undefined;
	#lookedAt = -Infinity;
	#comparedAt = -Infinity;
	#looking: Promise<void> | undefined;
	#subscription: Promise<() => void> | undefined;
	readonly #news = new Map<number, readonly string[]>();

	constructor(
		private readonly shared: SharedTemplates,
		private readonly clock: Clock,
		private readonly changed: Changed,
	) {}

	get shelf(): Shelf {
		return this.#shelf;
	}

	/** Whether the shelf was ever like the store. */
	get isLoaded(): boolean {
		return this.#known !== undefined;
	}

	/** Resolves when the shelf is like the store, but for the last two seconds. Never rejects. */
	async current(): Promise<void> {
		if (this.clock.now() - this.#lookedAt < LOOK_EVERY_MS) return;
		this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
		await this.#looking;
	}

	/**
	 * Runs `work` with the sole right to change the store, on a shelf that is like it.
	 * @throws TemplateError where the store is out, or others do not let go of it
	 */
	async change<T>(work: (changes: Changes) => Promise<T>): Promise<T> {
		const token = randomUUID();
		await this.#acquire(token);
		try {
			// A look that has begun before is of before, too.
			await this.#looking;
			this.#lookedAt = -Infinity;
			await this.current();
			if (!this.isLoaded) throw this.#out();
			const keys: string[] = [];
			const hold = this.#holder(token);
			const changes: Changes = {
				put: async (template) => {
					await hold();
					await this.#put(template, keys);
				},
				drop: async (template) => {
					await hold();
					await this.#drop(template, keys);
				},
			};
			try {
				return await work(changes);
			} finally {
				await this.#tell(keys);
			}
		} finally {
			await this.shared.backend.release(LEASE, token);
		}
	}

	dispose(): void {
		void this.#subscription?.then((off) => off());
	}

	async #put(template: Template, keys: string[]): Promise<void> {
		const key = keyOf(template);
		const value = Buffer.from(JSON.stringify(template));
		const kept = await this.#surely(async (store) => {
			await store.set(key, value, KEPT_MS);
			// A store may let go of what is too large for it.
			return (await store.get(key))?.equals(value) === true;
		});
		if (!kept) throw new TemplateError(`The store ${this.shared.label} did not keep the template "${template.name}": it is too large for it, or the store is full`);
		keys.push(key);
		this.#shelf.put(template);
	}

	async #drop(template: Template, keys: string[]): Promise<void> {
		const key = keyOf(template);
		await this.#surely(async (store) => await store.delete([key]));
		keys.push(key);
		this.#shelf.drop(template.name, template.version);
	}

	async #tell(keys: readonly string[]): Promise<void> {
		if (keys.length === 0) return;
		const told = await this.shared.backend.sure(async (store) => {
			const n = await store.add(COUNTER, 1, KEPT_MS);
			// Whoever gets no keys looks at all of them.
			await store.publish(CHANNEL, JSON.stringify({ n, keys: keys.length <= AT_ONCE ? keys : [] } satisfies News));
			return n;
		});
		if (told && told.value === (this.#known ?? 0) + 1) this.#known = told.value;
		this.changed(new Set(keys.map(nameOf)), true);
	}

	async #acquire(token: string): Promise<void> {
		for (let waited = 0; ; waited += ASK_AGAIN_MS) {
			// An acquisition that was answered too late is ours already.
			const isHeld = async (store: SharedBackend) => (await store.acquire(LEASE, token, LEASE_MS)) || (waited === 0 && (await store.renew(LEASE, token, LEASE_MS)));
			if (await this.#surely(isHeld)) return;
			if (waited >= WAIT_MS) throw new TemplateError(`Another process has been changing the library in ${this.shared.label} for ${WAIT_MS / 1000} s; try again`);
			await this.clock.sleep(ASK_AGAIN_MS);
		}
	}

	/** What the command gave; throws TemplateError where the store is out. */
	async #surely<T>(command: (store: SharedBackend) => Promise<T>): Promise<T> {
		for (let attempt = 0; attempt < TRIES; attempt += 1) {
			const done = await this.shared.backend.sure(command);
			if (done) return done.value;
		}
		throw this.#out();
	}

	/** Keeps the right to change the store for as long as there is something to change. */
	#holder(token: string): () => Promise<void> {
		let renewedAt = this.clock.now();
		return async () => {
			if (this.clock.now() - renewedAt < LEASE_MS / 3) return;
			renewedAt = this.clock.now();
			if (!(await this.#surely(async (store) => await store.renew(LEASE, token, LEASE_MS)))) throw this.#out();
		};
	}

	async #look(): Promise<void> {
		const { backend } = this.shared;
		this.#subscription ??= backend.subscribe(CHANNEL, (message) => this.#hear(message));
		const now = this.clock.now();
		const counted = (await backend.sure(async (store) => await store.add(COUNTER, 0, KEPT_MS)))?.value;
		this.#lookedAt = now;
		// A store that can only be read is better than none.
		if (counted === undefined && this.isLoaded) return;
		if (this.#known !== undefined && counted !== undefined && counted > this.#known && (await this.#catchUp(counted))) return;
		const isDue = now - this.#comparedAt >= COMPARE_EVERY_MS;
		if (counted === this.#known && !(isDue && (await this.#differs()))) return;
		if (await this.#reload()) this.#known = counted ?? 0;
	}

	#hear(message: string): void {
		const news = parseNews(message);
		if (news) this.#news.set(news.n, news.keys);
		for (const n of this.#news.keys()) if (this.#news.size > MAX_NEWS || n <= (this.#known ?? 0)) this.#news.delete(n);
		if (news && news.n > (this.#known ?? 0)) this.#lookedAt = -Infinity;
	}

	/** Whether the news were enough to know what has changed. */
	async #catchUp(counted: number): Promise<boolean> {
		const keys = new Set<string>();
		for (let n = (this.#known ?? 0) + 1; n <= counted; n += 1) {
			const news = this.#news.get(n) ?? [];
			if (news.length === 0) return false;
			for (const key of news) keys.add(key);
		}
		const wanted = [...keys];
		const values = await this.shared.backend.sure(async (store) => await store.getMany(wanted));
		if (!values) return false;
		wanted.forEach((key, index) => {
			const template = parseTemplate(String(values.value[index] ?? ''));
			this.#shelf.drop(nameOf(key), versionOf(key));
			if (template) this.#shelf.put(template);
		});
		this.#known = counted;
		this.changed(new Set(wanted.map(nameOf)), false);
		return true;
	}

	/** Whether the store holds other templates than the shelf, such as after it has lost some. */
	async #differs(): Promise<boolean> {
		const keys = await this.#keys();
		if (!keys) return false;
		this.#comparedAt = this.clock.now();
		const here = new Set([...this.#shelf.all()].map(keyOf));
		return keys.length !== here.size || keys.some((key) => !here.has(key));
	}

	/** Builds the shelf and its index anew. Whether all of it could be read. */
	async #reload(): Promise<boolean> {
		const keys = await this.#keys();
		if (!keys) return false;
		const shelf = new Shelf();
		for (let start = 0; start < keys.length; start += AT_ONCE) {
			const some = keys.slice(start, start + AT_ONCE);
			const values = await this.shared.backend.getMany(some);
			// All of them missing at once: the store did not answer.
			if (some.length > 1 && values.every((value) => value === undefined)) return false;
			for (const value of values) {
				const template = value && parseTemplate(value.toString('utf8'));
				if (template) shelf.put(template);
			}
		}
		const names = new Set([...differing(this.#shelf, shelf), ...differing(shelf, this.#shelf)]);
		this.#shelf = shelf;
		this.#comparedAt = this.clock.now();
		if (this.isLoaded) this.changed(names, false);
		return true;
	}

	/** Undefined where the store does not say. */
	async #keys(): Promise<readonly string[] | undefined> {
		const keys = await this.shared.backend.scan(PREFIX, MAX_TEMPLATES);
		if (keys.length > 0) return keys;
		// None, or no answer.
		const answered = await this.shared.backend.sure(async (store) => await store.scan(PREFIX, 1));
		return answered && answered.value.length === 0 ? [] : undefined;
	}

	#out(): TemplateError {
		return new TemplateError(`The store ${this.shared.label} does not answer, or takes nothing new; the library in it was not changed`);
	}
}

/** What can be done to a library while it is nobody else's. */
export interface Changes {
	put(template: Template): Promise<void>;
	drop(template: Template): Promise<void>;
}

function* differing(shelf: Shelf, other: Shelf): Generator<string> {
	for (const { name, version, order } of shelf.all()) if (other.get(name, version)?.order !== order) yield name;
}

/** Neither part can hold an @. */
function keyOf({ name, version }: Template): string {
	return `${PREFIX}${name}@${version}`;
}

function nameOf(key: string): string {
	return key.slice(PREFIX.length, key.lastIndexOf('@'));
}

function versionOf(key: string): string {
	return key.slice(key.lastIndexOf('@') + 1);
}

function parseNews(message: string): News | undefined {
	try {
		const { n, keys } = JSON.parse(message) as Partial<News>;
		return typeof n === 'number' && Array.isArray(keys) ? { n, keys: keys.filter((key) => typeof key === 'string' && key.startsWith(PREFIX)) } : undefined;
	} catch {
		return undefined;
	}
}
