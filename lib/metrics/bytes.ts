/** Numbers and texts in few bytes: a small whole number takes one. */
export class ByteWriter {
	#bytes = new Uint8Array(256);
	#length = 0;

	/** @param value whole, 0 or more */
	count(value: number): void {
		let rest = value;
		for (; rest >= 128; rest = Math.floor(rest / 128)) this.#push(128 + (rest % 128));
		this.#push(rest);
	}

	/** Any number; a whole one from 0 on takes as little as a count. */
	amount(value: number): void {
		if (Number.isSafeInteger(value) && value >= 0) return this.count(value + 1);
		this.#push(0);
		this.#reserve(8);
		new DataView(this.#bytes.buffer).setFloat64(this.#length, value);
		this.#length += 8;
	}

	text(value: string): void {
		const bytes = Buffer.from(value);
		this.count(bytes.length);
		this.#reserve(bytes.length);
		this.#bytes.set(bytes, this.#length);
		this.#length += bytes.length;
	}

	finish(): Uint8Array {
		return this.#bytes.slice(0, this.#length);
	}

	#push(byte: number): void {
		this.#reserve(1);
		this.#bytes[this.#length] = byte;
		this.#length += 1;
	}

	#reserve(room: number): void {
		if (this.#length + room <= this.#bytes.length) return;
		const larger = new Uint8Array(2 * (this.#length + room));
		larger.set(this.#bytes);
		this.#bytes = larger;
	}
}

/** Reads what a writer wrote, in the same order. Throws a RangeError where the bytes end too soon or hold no number. */
export class ByteReader {
	#at = 0;

	constructor(private readonly bytes: Uint8Array) {}

	count(): number {
		let value = 0;
		for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
			const byte = this.#next();
			if (byte < 128) return value + byte * scale;
			value += (byte - 128) * scale;
		}
		throw new RangeError('No number is that long');
	}

	amount(): number {
		const whole = this.count();
		if (whole > 0) return whole - 1;
		const value = new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat64(this.#at);
		this.#at += 8;
		return value;
	}

	text(): string {
		const length = this.count();
		if (this.#at + length > this.bytes.length) throw new RangeError('The text is cut off');
		const text = Buffer.from(this.bytes.subarray(this.#at, this.#at + length)).toString();
		this.#at += length;
		return text;
	}

	#next(): number {
		const byte = this.bytes[this.#at];
		if (byte === undefined) throw new RangeError('The bytes end too soon');
		this.#at += 1;
		return byte;
	}
}
