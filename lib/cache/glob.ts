/** Long enough for every address and tag that is kept. */
export const MAX_PATTERN_LENGTH = 500;

/** Whether `pattern`, in which `*` stands for any run of characters, describes all of `text`. In time linear in the text for each star. */
export function matchesGlob(pattern: string, text: string): boolean {
	const [head = '', ...rest] = pattern.split('*');
	const tail = rest.pop();
	if (tail === undefined) return pattern === text;
	if (text.length < head.length + tail.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
	const end = text.length - tail.length;
	let at = head.length;
	for (const piece of rest) {
		const found = text.indexOf(piece, at);
		if (found < 0 || found + piece.length > end) return false;
		at = found + piece.length;
	}
	return true;
}
