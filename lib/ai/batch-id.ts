/** What a request in a batch says of itself in its custom id, so that its answer can be placed by nothing else. */
export interface BatchEntry {
	/** Cache key of the request: 64 hexadecimal digits. */
	readonly key: string;
	/** Its place in the batch, from 0. */
	readonly position: number;
	/** Whether JSON was asked for. */
	readonly json: boolean;
	/** Whether the answer may be stored under the key. */
	readonly cacheable: boolean;
	/** Who submitted it: 8 hexadecimal digits. */
	readonly owner: string;
}

/** One letter for the two flags, the owner, the key in 43 letters, the position: together at most 64, which all providers take. */
const SHAPE = /^([tjTJ])([0-9a-f]{8})([\w-]{43})([0-9a-z]{1,9})$/;

export function toCustomId({ key, position, json, cacheable, owner }: BatchEntry): string {
	const flag = json ? 'j' : 't';
	return `${cacheable ? flag : flag.toUpperCase()}${owner}${Buffer.from(key, 'hex').toString('base64url')}${position.toString(36)}`;
}

/** Undefined for what `toCustomId` has not written. */
export function fromCustomId(id: string): BatchEntry | undefined {
	const [, flag = '', owner = '', key = '', position = ''] = SHAPE.exec(id) ?? [];
	if (flag === '') return undefined;
	return {
		key: Buffer.from(key, 'base64url').toString('hex'),
		position: parseInt(position, 36),
		json: flag.toLowerCase() === 'j',
		cacheable: flag === flag.toLowerCase(),
		owner,
	};
}
