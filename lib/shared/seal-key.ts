import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const ID_BYTES = 4;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const NAME_TAG_BYTES = 16;
const MAX_BEGINNINGS = 50;
/** All processes must come to the same key without telling each other anything; scrypt makes guessing dear. */
const SALT = 'n8n-nodes-fastpath/seal@1';
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1_048_576 };

/**
 * What a secret of the user's encrypts with. Content: AES-256-GCM with a nonce by chance. Names: each part between separators
 * encrypted so that the same name always looks the same (its nonce is its own HMAC, after the idea of RFC 5297), because it must be found.
 */
export class SealKey {
	readonly #id: Buffer;
	// Key objects, as Node.js takes four times as long over the same bytes in a Buffer.
	readonly #content: KeyObject;
	readonly #nameTag: KeyObject;
	readonly #name: KeyObject;
	/** What names begin with, which is one of a few kinds, and what it becomes: to find that out is half of what hiding a name takes. */
	readonly #beginnings = new Map<string, string>();

	private constructor(master: Buffer) {
		const part = (use: string, bytes: number) => Buffer.from(hkdfSync('sha256', master, '', use, bytes));
		this.#id = part('id', ID_BYTES);
		this.#content = createSecretKey(part('content', 32));
		this.#nameTag = createSecretKey(part('name tag', 32));
		this.#name = createSecretKey(part('name', 32));
	}

	static async derive(secret: string): Promise<SealKey> {
		const master = await new Promise<Buffer>((resolve, reject) => {
			scrypt(secret.normalize('NFC'), SALT, 32, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)));
		});
		return new SealKey(master);
	}

	/** @param bound must be the same when it is opened */
	encrypt(bytes: Buffer, bound: Buffer): Buffer {
		const iv = randomBytes(IV_BYTES);
		const cipher = createCipheriv('aes-256-gcm', this.#content, iv).setAAD(Buffer.concat([this.#id, bound]));
		return Buffer.concat([this.#id, iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
	}

	isOf(sealed: Buffer): boolean {
		return sealed.length >= ID_BYTES + IV_BYTES + TAG_BYTES && sealed.subarray(0, ID_BYTES).equals(this.#id);
	}

	/** Undefined where it was not encrypted with this key for that place, or was changed since. */
	decrypt(sealed: Buffer, bound: Buffer): Buffer | undefined {
		const iv = sealed.subarray(ID_BYTES, ID_BYTES + IV_BYTES);
		const decipher = createDecipheriv('aes-256-gcm', this.#content, iv, { authTagLength: TAG_BYTES });
		decipher.setAAD(Buffer.concat([this.#id, bound])).setAuthTag(sealed.subarray(-TAG_BYTES));
		try {
			const bytes = decipher.update(sealed.subarray(ID_BYTES + IV_BYTES, -TAG_BYTES));
			// Holds nothing back in this mode; throws where the tag does not fit.
			decipher.final();
			return bytes;
		} catch {
			return undefined;
		}
	}

	/** Separators stay, so that a name that begins with `a:b:` still begins with what `a:b:` became. */
	hide(name: string): string {
		let before = '';
		return parts(name)
			.map((part) => {
				const hidden = isSeparator(part) ? part : this.#hidePart(before, part);
				before += part;
				return hidden;
			})
			.join('');
	}

	/** Undefined where it was not hidden with this key. */
	show(hidden: string): string | undefined {
		let name = '';
		for (const part of parts(hidden)) {
			const shown = isSeparator(part) ? part : this.#showPart(name, part);
			if (shown === undefined) return undefined;
			name += shown;
		}
		return name;
	}

	#hidePart(before: string, part: string): string {
		const known = before === '' ? this.#beginnings.get(part) : undefined;
		if (known !== undefined) return known;
		const hidden = this.#hidden(before, part);
		if (before === '' && this.#beginnings.size < MAX_BEGINNINGS) this.#beginnings.set(part, hidden);
		return hidden;
	}

	#hidden(before: string, part: string): string {
		const tag = this.#tagOf(before, part);
		const cipher = createCipheriv('aes-256-ctr', this.#name, tag);
		return Buffer.concat([tag, cipher.update(part, 'utf8'), cipher.final()]).toString('base64url');
	}

	#showPart(before: string, hidden: string): string | undefined {
		const bytes = Buffer.from(hidden, 'base64url');
		if (bytes.length < NAME_TAG_BYTES) return undefined;
		const tag = bytes.subarray(0, NAME_TAG_BYTES);
		const decipher = createDecipheriv('aes-256-ctr', this.#name, tag);
		const part = Buffer.concat([decipher.update(bytes.subarray(NAME_TAG_BYTES)), decipher.final()]).toString('utf8');
		return timingSafeEqual(tag, this.#tagOf(before, part)) ? part : undefined;
	}

	#tagOf(before: string, part: string): Buffer {
		return createHmac('sha256', this.#nameTag).update(`${before}\0${part}`).digest().subarray(0, NAME_TAG_BYTES);
	}
}

const SEPARATOR = /([:/])/;

/** What stands between separators, and they themselves. */
function parts(name: string): string[] {
	return name.split(SEPARATOR).filter((part) => part !== '');
}

function isSeparator(part: string): boolean {
	return part === ':' || part === '/';
}

/** A prefix as whole parts, which can be looked for when they are hidden, and the beginning of a further one, which cannot. */
export function splitPrefix(prefix: string): { readonly whole: string; readonly rest: string } {
	const end = Math.max(prefix.lastIndexOf(':'), prefix.lastIndexOf('/')) + 1;
	return { whole: prefix.slice(0, end), rest: prefix.slice(end) };
}
