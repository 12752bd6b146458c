/** Header fields; names in lower case, a list where a field was repeated. */
export type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The field's lines as one list, as RFC 9110 section 5.3 joins them. */
export function fieldOf(fields: Fields, name: string): string | undefined {
	const value = fields[name];
	return value === undefined || typeof value === 'string' ? value : value.join(', ');
}

/** The members of a list that holds no quoted commas, in lower case. */
export function membersOf(value: string | undefined): string[] {
	if (value === undefined) return [];
	return value
		.toLowerCase()
		.split(',')
		.map((member) => member.trim())
		.filter((member) => member !== '');
}

export type Directives = ReadonlyMap<string, string | undefined>;

const DIRECTIVE = /([!#$%&'*+\-.^_`|~\w]+)(?:=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/gy;

/**
 * RFC 9111 section 5.2: names are case-insensitive, arguments may be quoted, the first of several counts
 * (section 4.2.1). What cannot be read is skipped up to the next comma.
 */
export function directivesOf(fields: Fields): Directives {
	const text = fieldOf(fields, 'cache-control') ?? '';
	const directives = new Map<string, string | undefined>();
	for (let at = 0; at < text.length; ) {
		while (/[\s,]/.test(text.charAt(at))) at += 1;
		DIRECTIVE.lastIndex = at;
		const match = DIRECTIVE.exec(text);
		const end = match ? DIRECTIVE.lastIndex : at;
		const comma = nextComma(text, end);
		const name = match?.[1]?.toLowerCase();
		// More behind an argument than white space: not the directive that it looks like.
		if (name !== undefined && text.slice(end, comma).trim() === '' && !directives.has(name)) {
			directives.set(name, match?.[2]?.replace(/\\(.)/g, '$1') ?? match?.[3]);
		}
		at = comma + 1;
	}
	return directives;
}

function nextComma(text: string, from: number): number {
	const comma = text.indexOf(',', from);
	return comma < 0 ? text.length : comma;
}

/** RFC 9111 section 1.2.2; what does not fit counts as this. */
const LONGEST_SECONDS = 2 ** 31;

/** A directive's delta-seconds in milliseconds; undefined where it is absent, NaN where it is no such number. */
export function secondsOf(directives: Directives, name: string): number | undefined {
	if (!directives.has(name)) return undefined;
	return deltaMs(directives.get(name));
}

/** NaN where the text is no delta-seconds. */
export function deltaMs(text: string | undefined): number {
	return text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), LONGEST_SECONDS) * 1000 : NaN;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = 'Sun|Mon|Tue|Wed|Thu|Fri|Sat';
const TIME = '(\\d{2}):(\\d{2}):(\\d{2})';
const IMF = new RegExp(`^(?:${DAYS}), (\\d{2}) (${MONTHS.join('|')}) (\\d{4}) ${TIME} GMT$`, 'i');
const RFC850 = new RegExp(`^(?:Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday), (\\d{2})-(${MONTHS.join('|')})-(\\d{2}) ${TIME} GMT$`, 'i');
const ASCTIME = new RegExp(`^(?:${DAYS}) (${MONTHS.join('|')}) ([ \\d]\\d) ${TIME} (\\d{4})$`, 'i');

/** Milliseconds since the epoch, of the three forms of RFC 9110 section 5.6.7, in any case; NaN of anything else. */
export function httpDate(text: string | undefined, nowMs: number): number {
	if (text === undefined) return NaN;
	const imf = IMF.exec(text);
	if (imf) return utc(Number(imf[3]), imf[2], imf[1], imf.slice(4));
	const asctime = ASCTIME.exec(text);
	if (asctime) return utc(Number(asctime[6]), asctime[1], asctime[2], asctime.slice(3, 6));
	const rfc850 = RFC850.exec(text);
	if (!rfc850) return NaN;
	// Two digits that seem to be more than 50 years ahead mean the past.
	const year = new Date(nowMs).getUTCFullYear();
	const full = Math.floor(year / 100) * 100 + Number(rfc850[3]);
	return utc(full > year + 50 ? full - 100 : full, rfc850[2], rfc850[1], rfc850.slice(4));
}

function utc(year: number, month: string | undefined, day: string | undefined, time: readonly string[]): number {
	const [hours = 0, minutes = 0, seconds = 0] = time.map(Number);
	return Date.UTC(year, MONTHS.indexOf((month ?? '').toLowerCase()), Number(day), hours, minutes, seconds);
}
