import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SharedBackend } from '../../lib/core/shared.ts';

export interface SharedSubject {
	/** Two backends that reach the same place, as two processes would. */
	readonly one: SharedBackend;
	readonly two: SharedBackend;
	/** Lets the store's own time pass. */
	pass(ms: number): Promise<void>;
	close(): Promise<void>;
	/** Whether news reach another process at once. */
	readonly news: boolean;
}

const text = (value: Buffer | undefined) => value?.toString();

/** What every shared store promises, whatever stands behind it. Times are long enough for a machine that is busy with other things. */
export function sharedContract(name: string, create: () => Promise<SharedSubject>): void {
	describe(`the contract of a shared store, kept by ${name}:`, () => {
		let subject: SharedSubject;
		let one: SharedBackend;
		let two: SharedBackend;

		beforeEach(async () => {
			subject = await create();
			({ one, two } = subject);
			await one.connect();
			await two.connect();
		});

		afterEach(async () => {
			await subject.close();
		});

		test('bytes come back as they went in, to whoever asks', async () => {
			const bytes = Buffer.from([0, 255, 13, 10, 0xfa]);
			await one.set('a', bytes, 60_000);
			expect(await two.get('a')).toEqual(bytes);
			expect(await two.get('b')).toBeUndefined();
		});

		test('an empty value is a value', async () => {
			await one.set('a', Buffer.alloc(0), 60_000);
			expect(await two.get('a')).toEqual(Buffer.alloc(0));
		});

		test('many values come in the order of their keys, with gaps where there is none', async () => {
			await one.set('a', Buffer.from('1'), 60_000);
			await one.set('c', Buffer.from('3'), 60_000);
			expect((await two.getMany(['c', 'b', 'a'])).map(text)).toEqual(['3', undefined, '1']);
			expect(await two.getMany([])).toEqual([]);
		});

		test('a value ends with its time, and writing it again gives it a new one', async () => {
			await one.set('a', Buffer.from('1'), 40);
			await one.set('b', Buffer.from('1'), 40);
			await one.set('b', Buffer.from('2'), 60_000);
			await subject.pass(60);
			expect(await two.get('a')).toBeUndefined();
			expect(text(await two.get('b'))).toBe('2');
		});

		test('deleting counts what was there', async () => {
			await one.set('a', Buffer.from('1'), 60_000);
			await one.set('b', Buffer.from('1'), 60_000);
			expect(await two.delete(['a', 'x', 'b'])).toBe(2);
			expect(await two.delete([])).toBe(0);
			expect(await one.get('a')).toBeUndefined();
		});

		test('a prefix is taken literally, and takes no more than what begins with it', async () => {
			for (const key of ['a*1', 'a*2', 'ab', 'a', 'b%_', 'b%_2', 'bxx']) await one.set(key, Buffer.from('1'), 60_000);
			expect((await two.scan('a*', 10)).sort()).toEqual(['a*1', 'a*2']);
			expect((await two.scan('', 3))).toHaveLength(3);
			expect(await two.deleteByPrefix('a*')).toBe(2);
			expect(await two.deleteByPrefix('b%_')).toBe(2);
			expect((await two.scan('', 10)).sort()).toEqual(['a', 'ab', 'bxx']);
		});

		test('a scan finds everything among thousands', async () => {
			await Promise.all(Array.from({ length: 2500 }, (_, index) => one.set(`k${index % 2}:${index}`, Buffer.from('1'), 60_000)));
			expect(await two.scan('k1:', 5000)).toHaveLength(1250);
			expect(await two.deleteByPrefix('k')).toBe(2500);
		}, 30_000);

		test('its size is that of the values that are there', async () => {
			// The first to ask may have to wait until all is counted.
			await until(async () => (await two.size()).entries !== null);
			expect((await two.size()).entries).toBe(0);
			const bytes = randomBytes(5000);
			for (const key of ['a:1', 'a:2', 'b', 'c']) await one.set(key, bytes, 60_000);
			await one.set('short', bytes, 40);
			const full = await two.size();
			expect(full.entries).toBe(5);
			if (full.bytes !== null) expect(full.bytes > 25_000 && full.bytes < 30_000).toBe(true);
			await one.set('b', bytes.subarray(0, 100), 60_000);
			await subject.pass(60);
			await two.delete(['c', 'none']);
			await two.deleteByPrefix('a:');
			const left = await one.size();
			expect(left.entries).toBe(1);
			if (left.bytes !== null) expect(left.bytes > 100 && left.bytes < 1000).toBe(true);
		});

		test('a lease has one holder at a time, out of many that ask at once', async () => {
			const got = await Promise.all(Array.from({ length: 50 }, (_, index) => (index % 2 ? one : two).acquire('l', `t${index}`, 60_000)));
			expect(got.filter(Boolean)).toHaveLength(1);
		});

		test('only its holder renews or releases a lease, and a released one is free', async () => {
			expect(await one.acquire('l', 'mine', 60_000)).toBe(true);
			expect([await two.renew('l', 'theirs', 60_000), await two.release('l', 'theirs'), await two.acquire('l', 'theirs', 1000)]).toEqual([false, false, false]);
			expect([await one.renew('l', 'mine', 60_000), await one.release('l', 'mine'), await one.release('l', 'mine')]).toEqual([true, true, false]);
			expect(await two.acquire('l', 'theirs', 60_000)).toBe(true);
		});

		test('a lease that nobody renews is free when its time is over, and lost to its first holder', async () => {
			await one.acquire('l', 'dead', 50);
			await subject.pass(70);
			expect(await two.acquire('l', 'next', 60_000)).toBe(true);
			expect([await one.renew('l', 'dead', 1000), await one.release('l', 'dead')]).toEqual([false, false]);
		});

		test('renewing gives a lease its whole time again', async () => {
			await one.acquire('l', 'mine', 800);
			await subject.pass(400);
			await one.renew('l', 'mine', 5000);
			await subject.pass(500);
			expect(await two.acquire('l', 'theirs', 100)).toBe(false);
		});

		test('a counter loses no addition, and ends its time after the first', async () => {
			const sums = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).add('c', 2, 60_000)));
			expect(sums.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => (index + 1) * 2));
			await one.add('short', 1, 800);
			await subject.pass(500);
			expect(await one.add('short', 1, 800)).toBe(2);
			await subject.pass(400);
			expect(await two.add('short', -1, 800)).toBe(-1);
		});

		test('a window gives no more places than its limit, over all who ask, and says how long to wait', async () => {
			const grants = await Promise.all(Array.from({ length: 30 }, (_, index) => (index % 2 ? one : two).take('w', 10, 5000)));
			expect(grants.filter(({ granted }) => granted)).toHaveLength(10);
			for (const { granted, waitMs } of grants) {
				if (granted) expect(waitMs).toBe(0);
				else expect(waitMs > 3000 && waitMs <= 5000).toBe(true);
			}
		});

		test('a place in a window is free again when its own time is over', async () => {
			await one.take('w', 2, 1000);
			await subject.pass(600);
			await one.take('w', 2, 1000);
			expect((await two.take('w', 2, 1000)).granted).toBe(false);
			await subject.pass(500);
			expect([(await two.take('w', 2, 1000)).granted, (await two.take('w', 2, 1000)).granted]).toEqual([true, false]);
		});

		test('a list keeps the order, the newest of its bound, and its time', async () => {
			for (const word of ['a', 'b', 'c', 'd']) await one.append('list', Buffer.from(word), { ttlMs: 60_000, max: 3 });
			expect((await two.list('list')).map(text)).toEqual(['b', 'c', 'd']);
			expect(await two.list('none')).toEqual([]);
			await one.append('brief', Buffer.from('x'), { ttlMs: 30, max: 3 });
			await subject.pass(50);
			expect(await two.list('brief')).toEqual([]);
		});

		test('values, leases, counters, windows and lists of one name do not touch each other', async () => {
			await one.set('n', Buffer.from('v'), 60_000);
			expect(await one.acquire('n', 't', 60_000)).toBe(true);
			expect(await one.add('n', 5, 60_000)).toBe(5);
			expect((await one.take('n', 1, 60_000)).granted).toBe(true);
			await one.append('n', Buffer.from('l'), { ttlMs: 60_000, max: 3 });
			expect([text(await two.get('n')), (await two.list('n')).map(text), await two.scan('', 10)]).toEqual(['v', ['l'], ['n']]);
		});

		test('news reach the listeners of their channel, until they leave', async () => {
			const heard: string[] = [];
			const away = await (subject.news ? two : one).subscribe('ch', (message) => heard.push(message));
			await one.subscribe('other', () => heard.push('wrong'));
			await one.publish('ch', 'hello');
			await until(() => heard.length > 0);
			away();
			await one.publish('ch', 'nobody');
			await subject.pass(100);
			expect(heard).toEqual(['hello']);
		});

		test('it answers probes for reading and for writing', async () => {
			await one.probe(false);
			await one.probe(true);
			expect(await one.scan('', 10)).toEqual([]);
		});

		async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
			for (let attempt = 0; attempt < 200 && !(await condition()); attempt += 1) await subject.pass(5);
		}
	});
}
