import { describe, expect, test } from 'vitest';
import { Compiler } from '../../lib/template/compile.ts';
import { Library, type LibraryParts } from '../../lib/template/library.ts';
import { parseTemplate, toDraft, type Template, type TemplateDraft } from '../../lib/template/record.ts';
import { SearchIndex, type Query } from '../../lib/template/search-index.ts';
import { GuardedBackend } from '../../lib/shared/guard.ts';
import { MemoryBackend } from '../../lib/shared/memory.ts';
import { FakeClock, settle } from '../helpers/fake-clock.mts';
import { seeded } from '../helpers/seeded.mts';

const draft = (name: string, text: string, more: Record<string, unknown> = {}): TemplateDraft => toDraft({ name, text, ...more });

function libraryOf(parts: Partial<LibraryParts> = {}): Library {
	const clock = parts.clock ?? new FakeClock();
	return new Library({ clock, compiler: new Compiler(clock), ...parts });
}

const find = (library: Library, query: Partial<Query>, limit = 50) => library.find({ tags: [], fields: [], words: [], ...query }, limit).templates.map(({ name }) => name);

describe('a library', () => {
	test('numbers versions by itself, leaves what is unchanged, and gives the latest', async () => {
		const library = libraryOf();
		const save = async (text: string, version?: string) => (await library.save([draft('a', text, { version })]))[0]!;
		expect([(await save('1')).template.version, (await save('2')).template.version]).toEqual(['1', '2']);
		expect(await save('2')).toMatchObject({ outcome: 'unchanged', template: { version: '2' } });
		expect(await save('final', 'summer')).toMatchObject({ outcome: 'created', template: { version: 'summer' } });
		expect(await save('1b', '1')).toMatchObject({ outcome: 'replaced', template: { version: '1' } });
		expect([library.require('a').text, library.require('a', '2').text]).toEqual(['1b', '2']);
		expect((await save('3')).template.version).toBe('3');
		expect(library.versions('a').map(({ version }) => version)).toEqual(['2', 'summer', '1', '3']);
	});

	test('lets the oldest of more than fifty versions go', async () => {
		const library = libraryOf();
		for (let index = 0; index < 60; index += 1) await library.save([draft('a', `text ${index}`)]);
		expect(library.size).toBe(50);
		expect(library.versions('a')[0]?.version).toBe('11');
	});

	test('says what there is where a template or a version is not', async () => {
		const library = libraryOf();
		await library.save([draft('a', 'x'), draft('a', 'y')]);
		expect(() => library.require('b')).toThrow('There is no template "b" in the library');
		expect(() => library.require('a', '9')).toThrow('The template "a" has no version "9"; it has 1, 2');
	});

	test('deletes a version, or all of them', async () => {
		const library = libraryOf();
		await library.save([draft('a', 'x'), draft('a', 'y'), draft('b', 'z')]);
		expect([await library.delete('a', '2'), library.require('a').text, await library.delete('a'), await library.delete('a'), library.size]).toEqual([1, 'x', 1, 0, 1]);
		expect(find(library, {})).toEqual(['b']);
	});

	test('saves no text that cannot be read, and nothing of a list with one', async () => {
		const library = libraryOf();
		await expect(library.save([draft('a', 'x'), draft('b', '{{ open')])).rejects.toThrow('The template "b" cannot be read: output "{{ open" not closed');
		await expect(library.save([draft('a', '{% render "b" %}')])).rejects.toThrow('draws in "b", and there is no template of that name');
		expect(library.size).toBe(0);
		await library.save([draft('a', '{% render "b" %}'), draft('b', 'x')]);
		expect(library.compile(library.require('a'), 'T').fill({}, { strict: true, title: 'T' })).toBe('x');
	});

	test.each<[Record<string, unknown>, string]>([
		[{ name: 'a*' }, 'Template Name'],
		[{ name: 'a,b' }, 'Template Name'],
		[{ name: 'a@1' }, 'Template Name'],
		[{ name: 'a'.repeat(81) }, 'Template Name'],
		[{ name: '' }, 'Template Name'],
		[{ version: '1@2' }, 'Version'],
		[{ text: ' ' }, 'Template Text'],
		[{ text: 'x'.repeat(262_145) }, 'Template Text'],
		[{ escape: 'html' }, 'Escape Values For'],
		[{ tags: Array.from({ length: 21 }, (_, index) => `t${index}`) }, 'Tags'],
		[{ fields: [{ name: '__proto__' }] }, 'Field Name'],
		[{ fields: [{ name: 'a b' }] }, 'Field Name'],
		[{ fields: [{ name: 'a', type: 'date' }] }, 'Type of a'],
		[{ fields: [{ name: 'a', type: 'number', default: 'x' }] }, 'Default of a'],
		[{ fields: [{ name: 'a' }, { name: 'a' }] }, 'Fields'],
		[{ description: 7 }, 'Description'],
	])('takes no %j', (wrong, option) => {
		expect(() => toDraft({ name: 'a', text: 'x', ...wrong })).toThrow(`Invalid ${option}`);
	});
});

describe('finding', () => {
	test('goes by tags, by fields that are read or declared, and by words, of which the last may have only begun', async () => {
		const library = libraryOf();
		await library.save([
			draft('mail/welcome', 'Dear {{ name }}, welcome to {{ product }}', { tags: 'mail, english', description: 'A first greeting' }),
			draft('mail/bye', 'Goodbye {{ name }}', { tags: ['mail'] }),
			draft('tags', 'Tag the package {{ name }}', { fields: [{ name: 'product' }] }),
		]);
		expect(find(library, {})).toEqual(['mail/bye', 'mail/welcome', 'tags']);
		expect(find(library, { tags: ['Mail'] })).toEqual(['mail/bye', 'mail/welcome']);
		expect(find(library, { tags: ['mail', 'english'] })).toEqual(['mail/welcome']);
		expect(find(library, { fields: ['product'] })).toEqual(['mail/welcome', 'tags']);
		expect(find(library, { fields: ['product'], tags: ['mail'] })).toEqual(['mail/welcome']);
		expect(find(library, { words: ['greet'] })).toEqual(['mail/welcome']);
		expect(find(library, { words: ['greet', 'first'] })).toEqual([]);
		expect(find(library, { words: ['greeting', 'fir'] })).toEqual(['mail/welcome']);
		expect(find(library, { words: ['nothing'] })).toEqual([]);
		expect(library.find({ tags: [], fields: [], words: [] }, 1)).toMatchObject({ total: 3, templates: [{ name: 'mail/bye' }] });
	});

	test('knows the latest version only, and what is deleted no more', async () => {
		const library = libraryOf();
		await library.save([draft('a', 'old words', { tags: 'old' })]);
		await library.save([draft('a', 'new words', { tags: 'new' })]);
		expect([find(library, { tags: ['old'] }), find(library, { words: ['old'] }), find(library, { tags: ['new'] })]).toEqual([[], [], ['a']]);
		await library.delete('a', '2');
		expect([find(library, { tags: ['old'] }), find(library, { words: ['new'] })]).toEqual([['a'], []]);
	});

	test('finds what a look at each template would, for random libraries and questions', async () => {
		const random = seeded(11);
		const pick = <T,>(from: readonly T[]): T => from[Math.floor(random.next() * from.length)]!;
		const some = <T,>(from: readonly T[], max: number) => Array.from({ length: Math.floor(random.next() * (max + 1)) }, () => pick(from));
		const [tags, words, fields] = [['t1', 't2', 't3', 't4'], ['one', 'only', 'two', 'tool', 'three'], ['f', 'g', 'h']];
		const library = libraryOf();
		for (let round = 0; round < 600; round += 1) {
			const name = `n${Math.floor(random.next() * 80)}`;
			if (random.next() < 0.2) await library.delete(name);
			else await library.save([draft(name, `x ${some(words, 4).join(' ')} ${some(fields, 2).map((field) => `{{ ${field} }}`).join('')}`, { tags: some(tags, 3) })]);
			const query = { tags: some(tags, 2), fields: some(fields, 1), words: some([...words, 'on', 't'], 2) };
			const latest = [...new Set([...library.all()].map((template) => template.name))].map((each) => library.require(each));
			const expected = latest
				.filter((one) => query.tags.every((tag) => one.tags.includes(tag)))
				.filter((one) => query.fields.every((field) => one.reads.includes(field)))
				.filter((one) => {
					const own = `${one.name} ${one.text}`.toLowerCase().match(/[a-z0-9]+/g) ?? [];
					return query.words.every((word, index) => own.some((given) => (index === query.words.length - 1 ? given.startsWith(word) : given === word)));
				})
				.map((one) => one.name)
				.sort();
			expect(find(library, query, 1000)).toEqual(expected);
		}
	});
});

test('an index holds nothing of what was taken out of it', () => {
	const random = seeded(5);
	const index = new SearchIndex();
	const templates = Array.from({ length: 200 }, (_, nr): Template => ({
		...draft(`n${nr}`, `w${random.int(50)} w${random.int(50)}`, { tags: [`t${random.int(9)}`] }),
		version: '1',
		reads: [`f${random.int(9)}`],
		order: nr,
		savedAt: 0,
	}));
	for (const template of templates) index.add(template);
	expect([index.size, index.keys > 100]).toEqual([200, true]);
	for (const template of templates) index.remove(template);
	expect([index.size, index.keys]).toEqual([0, 0]);
});

/** One store that can lose its signals, fail, and forget; and processes on it. */
class World {
	readonly clock = new FakeClock();
	store = new MemoryBackend(this.clock, 50_000);
	deaf = false;
	down = false;
	readonly commands = new Map<string, number>();

	process(changed?: LibraryParts['changed']): Library {
		const backend = new Proxy(this.store, {
			get: (_target, name) => {
				const member = Reflect.get(this.store, name, this.store) as unknown;
				if (typeof member !== 'function') return member;
				if (name === 'isRefusal') return () => false;
				return async (...args: unknown[]) => {
					this.commands.set(String(name), (this.commands.get(String(name)) ?? 0) + 1);
					if (this.down) throw new Error('Connection is closed');
					if (name === 'publish' && this.deaf) return;
					return await (member as (...given: unknown[]) => unknown).apply(this.store, args);
				};
			},
		});
		const shared = { backend: new GuardedBackend(backend, { label: 'store', clock: this.clock }), label: 'store' };
		return libraryOf({ clock: this.clock, shared, changed });
	}
}

const text = async (library: Library, name: string) => {
	await library.current();
	return library.versions(name).at(-1)?.text;
};

describe('a library that processes share', () => {
	test('lasts: a process that comes later finds all versions and the index', async () => {
		const world = new World();
		const first = world.process();
		await first.save([draft('a', 'one', { tags: 'x' }), draft('a', 'two', { tags: 'y' }), draft('b', '{{ f }}')]);
		const second = world.process();
		expect(await text(second, 'a')).toBe('two');
		expect([second.size, find(second, { tags: ['y'] }), find(second, { fields: ['f'] }), find(second, { tags: ['x'] })]).toEqual([3, ['a'], ['b'], []]);
	});

	test('shows a change at once by signal, and reads what has changed alone', async () => {
		const world = new World();
		const heard: Array<readonly [string[], boolean]> = [];
		const [one, other] = [world.process(), world.process((names, isOwn) => heard.push([[...names], isOwn]))];
		for (let index = 0; index < 300; index += 1) await one.save([draft(`t${index}`, `text ${index}`)]);
		await other.current();
		await settle();
		world.commands.clear();
		await one.save([draft('t7', 'changed')]);
		await settle();
		expect(await text(other, 't7')).toBe('changed');
		expect([world.commands.get('scan'), world.commands.get('getMany')]).toEqual([undefined, 1]);
		await one.delete('t7');
		await settle();
		expect(await text(other, 't7')).toBeUndefined();
		await other.save([draft('mine', 'x')]);
		expect(heard).toEqual([[['t7'], false], [['t7'], false], [['mine'], true]]);
	});

	test('shows a change within two seconds where the signal is lost', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		await other.current();
		world.deaf = true;
		await one.save([draft('a', 'x')]);
		await settle();
		expect(await text(other, 'a')).toBeUndefined();
		await world.clock.advance(2000);
		expect(await text(other, 'a')).toBe('x');
	});

	test('builds its index anew where the store holds something else', async () => {
		const world = new World();
		const library = world.process();
		await library.save([draft('a', 'x'), draft('b', 'y')]);
		await library.current();
		await world.store.delete(['template:a@1']);
		await world.clock.advance(60_000);
		expect(await text(library, 'a')).toBeUndefined();
		expect(find(library, {})).toEqual(['b']);
		world.store = new MemoryBackend(world.clock);
		await world.clock.advance(60_000);
		await library.current();
		expect(library.size).toBe(0);
	});

	test('numbers versions one after the other, though two processes save at once', async () => {
		const world = new World();
		const [one, other] = [world.process(), world.process()];
		const all = Promise.all([one, other].flatMap((library, who) => Array.from({ length: 5 }, async (_, index) => await library.save([draft('a', `text ${who} ${index}`)]))));
		let done = false;
		void all.then(() => (done = true));
		while (!done) await world.clock.advance(25);
		const versions = (await all).map(([saved]) => Number(saved?.template.version)).sort((a, b) => a - b);
		expect(versions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
		await one.current();
		expect(one.versions('a')).toHaveLength(10);
	});

	test('stays as it was while the store is out, and takes no changes that would not last', async () => {
		const world = new World();
		const library = world.process();
		await library.save([draft('a', 'x')]);
		world.down = true;
		await world.clock.advance(2000);
		expect(await text(library, 'a')).toBe('x');
		await expect(library.save([draft('a', 'y')])).rejects.toThrow('The store store does not answer');
		await expect(library.delete('a')).rejects.toThrow('The store store does not answer');
		expect(await text(library, 'a')).toBe('x');
		const late = world.process();
		await late.current();
		expect(late.isKnown).toBe(false);
		expect(() => late.require('a')).toThrow('does not answer, so that the template "a" is not known');
	});

	test('passes over what is no template', async () => {
		const world = new World();
		await world.store.set('template:a@1', Buffer.from('{'), 1e9);
		await world.store.set('template:b@1', Buffer.from(JSON.stringify({ name: 'b', version: '1', text: 'x', order: 1, savedAt: 1 })), 1e9);
		const library = world.process();
		expect([await text(library, 'b'), library.size]).toEqual(['x', 1]);
		expect([parseTemplate(''), parseTemplate('null'), parseTemplate('{"name":"a","text":"x"}')]).toEqual([undefined, undefined, undefined]);
	});
});
