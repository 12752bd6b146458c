/** Finds what no rule may touch: code, quotes, JSON. */

/** Private-use characters that stand around the number of a protected piece. */
const [OPEN, CLOSE] = ['\uE000', '\uE001'];
const MARK = new RegExp(`${OPEN}(\\d+)${CLOSE}`, 'g');

/** Attempts at JSON that come to nothing, after which no more are made in a text. */
const MAX_JSON_FAILURES = 200;

/** What a text has around and instead of its protected pieces. */
export interface Protected {
	/** The text with a mark for each piece. */
	readonly text: string;
	/** The pieces of JSON, by mark; `minify` may replace them by another writing of the same value. */
	replaceJson(write: (json: string) => string): void;
	/** The pieces back in their places. */
	restore(text: string): string;
}

export function holdsProtected(text: string): boolean {
	return text.includes(OPEN);
}

/** Undefined where the text has private-use characters of its own: it is then left as it is. */
export function protect(text: string): Protected | undefined {
	if (text.includes(OPEN) || text.includes(CLOSE)) return undefined;
	const pieces: string[] = [];
	const jsonPieces: number[] = [];
	const keep = (piece: string) => `${OPEN}${pieces.push(piece) - 1}${CLOSE}`;
	const keepJson = (piece: string) => {
		jsonPieces.push(pieces.length);
		return keep(piece);
	};
	let marked = markLines(text, keep);
	marked = marked.replace(/`[^`\n]+`/g, keep);
	marked = markQuotes(marked, keep);
	// JSON last: within a quote it is quoted, and its own strings are quotes that its parser sees through.
	marked = markJson(marked, keepJson, (piece) => restore(piece, pieces));
	return {
		text: marked,
		replaceJson: (write) => {
			for (const place of jsonPieces) pieces[place] = write(pieces[place] ?? '');
		},
		restore: (changed) => restore(changed, pieces),
	};
}

/** Pieces may hold marks of pieces that were found before them. */
function restore(text: string, pieces: readonly string[]): string {
	let restored = text;
	while (restored.includes(OPEN)) restored = restored.replace(MARK, (_, place: string) => pieces[Number(place)] ?? '');
	return restored;
}

/** A quoted line, or one of indented code; indented lines of pretty-printed JSON are none. */
function isQuotedOrCode(line: string): boolean {
	if (/^ {0,3}>/.test(line)) return true;
	return /^(?: {4}| {0,3}\t)/.test(line) && !/^(?:$|"|[\]}[{]|-?\d|true|false|null)/.test(line.trim());
}

/** Fences as in CommonMark 0.31 section 4.5 (one that is not closed reaches to the end), and single lines. */
function markLines(text: string, keep: (piece: string) => string): string {
	const out: string[] = [];
	let fence: { lines: string[]; sign: string } | undefined;
	for (const line of text.split('\n')) {
		const sign = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
		if (fence) {
			fence.lines.push(line);
			const closes = sign !== undefined && sign.startsWith(fence.sign) && line.trim() === sign;
			if (!closes) continue;
			out.push(keep(fence.lines.join('\n')));
			fence = undefined;
		} else if (sign !== undefined) {
			fence = { lines: [line], sign };
		} else {
			out.push(isQuotedOrCode(line) ? keep(line) : line);
		}
	}
	if (fence) out.push(keep(fence.lines.join('\n')));
	return out.join('\n');
}

/** Objects and lists that parse, wherever they begin; their strings have marks in their places. */
function markJson(text: string, keep: (piece: string) => string, original: (piece: string) => string): string {
	let [out, from, failures] = ['', 0, 0];
	for (const { index } of text.matchAll(/[{[](?=\s*[\uE000{[\]}\d\-tfn])/g)) {
		if (index < from) continue;
		if (failures >= MAX_JSON_FAILURES) break;
		const end = balancedEnd(text, index);
		const piece = end === undefined ? undefined : original(text.slice(index, end));
		if (end === undefined || piece === undefined || !isJson(piece)) {
			failures += 1;
			continue;
		}
		out += text.slice(from, index) + keep(piece);
		from = end;
	}
	return out + text.slice(from);
}

/** Just behind the bracket that closes the one at `start`. */
function balancedEnd(text: string, start: number): number | undefined {
	let depth = 0;
	for (let index = start; index < text.length; index += 1) {
		const sign = text[index];
		if (sign === '{' || sign === '[') {
			depth += 1;
		} else if (sign === '}' || sign === ']') {
			depth -= 1;
			if (depth === 0) return index + 1;
		}
	}
	return undefined;
}

function isJson(text: string): boolean {
	try {
		JSON.parse(text);
		return true;
	} catch {
		return false;
	}
}

/** Quotes end within their paragraph; where one does not, the rest of the paragraph is taken for quoted. */
function markQuotes(text: string, keep: (piece: string) => string): string {
	return text
		.split(/(\n[^\S\n]*\n)/)
		.map((paragraph) =>
			paragraph
				.replace(/“[^”]*(?:”|$)|«[^»]*(?:»|$)|„[^“”]*(?:[“”]|$)|"(?:[^"\\]|\\.)*(?:"|$)/gs, keep)
				.replace(/(?<![\p{L}\p{N}])['‘](?=\S)[^'’\n]{0,400}(?:['’](?=\p{L})[^'’\n]{0,400}){0,20}['’](?!\p{L})/gu, keep),
		)
		.join('');
}
