import { createHash } from 'node:crypto';
import { arrayOf, isObject, objectOf, textOf, type JsonObject } from './http.mts';

/** What a provider's request boils down to, whatever its wire format. */
export interface Question {
	/** All text that the model reads; this is what is billed. */
	readonly everything: string;
	/** The last thing that the user said. */
	readonly lastUserText: string;
	/** The conversation ends with the result of a tool. */
	readonly afterTool: boolean;
	readonly tools: readonly Tool[];
	/** A tool must be called: any (`true`) or this one. */
	readonly forcedTool: boolean | string;
	readonly json: boolean;
	readonly schema: JsonObject | undefined;
	readonly maxTokens: number | undefined;
	readonly emptyAnswer: boolean;
	readonly truncated: boolean;
}

export interface Tool {
	readonly name: string;
	readonly schema: JsonObject;
}

export interface Answer {
	readonly text: string;
	readonly toolCall: { name: string; input: JsonObject } | undefined;
	/** The answer was cut before its end. */
	readonly cutShort: boolean;
	readonly inputTokens: number;
	readonly outputTokens: number;
}

const CHARACTERS_PER_TOKEN = 4;
const TAGS = 5;
const STOP_WORDS = new Set(
	(
		'a an and any are as at be been but by can do does for from get has have if in into is it its ' +
		'just like more most no not of on one only or other our out over so such than that the their them ' +
		'then there these they this to too up use used uses using very via was we were what when where ' +
		'which while who will with without you your'
	).split(' '),
);

/** About four characters to a token, as for English text. */
export function tokensOf(text: string): number {
	return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** The words that occur most often, ties in the order of their first appearance. */
export function keywords(text: string, count = TAGS): string[] {
	const frequency = new Map<string, number>();
	for (const [word] of text.toLowerCase().matchAll(/\p{L}[\p{L}\p{N}+#.-]*/gu)) {
		const plain = word.replace(/[.-]+$/u, '');
		if (plain.length < 2 || STOP_WORDS.has(plain)) continue;
		frequency.set(plain, (frequency.get(plain) ?? 0) + 1);
	}
	return [...frequency]
		.sort(([, one], [, other]) => other - one)
		.slice(0, count)
		.map(([word]) => word);
}

/** The matter of "tag this package: <description>"; the whole text where there is no such colon. */
function subjectOf(text: string): string {
	return /\btags?\b[^:\n]*:\s*([\s\S]+)/iu.exec(text)?.[1] ?? text;
}

/** A value that the JSON schema allows, made of the words of the text. */
export function fromSchema(schema: JsonObject, words: readonly string[]): unknown {
	const [choice] = arrayOf(schema['enum']);
	if (choice !== undefined) return choice;
	if ('const' in schema) return schema['const'];
	const declared = schema['type'];
	const type = textOf(Array.isArray(declared) ? declared[0] : declared).toLowerCase();
	switch (type) {
		case 'array': {
			const element = objectOf(schema['items']);
			const most = Number(schema['maxItems'] ?? words.length);
			return words.slice(0, most).map((word) => fromSchema(element, [word]));
		}
		case 'string':
			return words.join(' ');
		case 'number':
		case 'integer':
			return words.length;
		case 'boolean':
			return words.length > 0;
		case 'null':
			return null;
		default:
			return Object.fromEntries(
				Object.entries(objectOf(schema['properties'])).map(([name, property]) => [
					name,
					fromSchema(objectOf(property), words),
				]),
			);
	}
}

/** A tool is called when it is forced, or when the user names it and no result is there yet. */
function toolFor(question: Question): Tool | undefined {
	const { tools, forcedTool, afterTool, lastUserText } = question;
	if (typeof forcedTool === 'string') return tools.find(({ name }) => name === forcedTool);
	if (forcedTool) return tools[0];
	if (afterTool) return undefined;
	const said = lastUserText.toLowerCase();
	return tools.find(({ name }) => said.includes(name.toLowerCase()));
}

/** For what must be answered in a form that no schema of the request tells: `say exactly: {"a":1}`, to the end of the line. */
const EXACTLY = /\bsay exactly: *(.+)/u;

function fullText(question: Question): string {
	const exactly = EXACTLY.exec(question.lastUserText)?.[1];
	if (exactly !== undefined) return exactly;
	const words = keywords(subjectOf(question.lastUserText));
	if (question.schema !== undefined) return JSON.stringify(fromSchema(question.schema, words));
	if (question.json || /\bjson\b/iu.test(question.everything)) {
		return JSON.stringify({ tags: words });
	}
	return words.length === 0 ? 'There is nothing to tag.' : `Tags: ${words.join(', ')}`;
}

/** The same question always gets the same answer, and a different text a different one. */
export function answer(question: Question): Answer {
	const inputTokens = tokensOf(question.everything);
	const nothing = { text: '', toolCall: undefined, inputTokens };
	if (question.emptyAnswer) return { ...nothing, cutShort: false, outputTokens: 0 };
	const tool = toolFor(question);
	if (tool !== undefined) {
		const words = keywords(subjectOf(question.lastUserText));
		const input = objectOf(fromSchema({ ...tool.schema, type: 'object' }, words));
		const outputTokens = tokensOf(tool.name + JSON.stringify(input));
		return { ...nothing, toolCall: { name: tool.name, input }, cutShort: false, outputTokens };
	}
	const whole = fullText(question);
	const asked = (question.maxTokens ?? Infinity) * CHARACTERS_PER_TOKEN;
	const limit = question.truncated ? Math.min(asked, Math.floor(whole.length / 2)) : asked;
	const text = whole.slice(0, limit);
	return { ...nothing, text, cutShort: text.length < whole.length, outputTokens: tokensOf(text) };
}

/** Content as a string, or as parts of which the text ones count. */
export function contentText(content: unknown): string {
	if (typeof content === 'string') return content;
	return arrayOf(content)
		.map((part) => {
			if (!isObject(part)) return textOf(part);
			const { text, content: inner, functionResponse } = part;
			if (isObject(functionResponse)) return JSON.stringify(functionResponse);
			return textOf(text) || (inner === undefined ? '' : contentText(inner));
		})
		.filter((text) => text !== '')
		.join('\n');
}

/** Pieces of a few characters, as a stream delivers them. */
export function pieces(text: string, length = 12): string[] {
	const found: string[] = [];
	for (let start = 0; start < text.length; start += length) {
		found.push(text.slice(start, start + length));
	}
	return found;
}

/** A bag of hashed words on the unit sphere: texts that share words are close to each other. */
export function embedding(text: string, dimensions: number): number[] {
	const vector = new Array<number>(dimensions).fill(0);
	for (const [word] of text.toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
		const digest = createHash('sha256').update(word).digest();
		const place = digest.readUInt32BE(0) % dimensions;
		vector[place] = (vector[place] ?? 0) + (digest.readUInt8(4) % 2 === 0 ? 1 : -1);
	}
	const length = Math.hypot(...vector);
	return length === 0 ? vector.with(0, 1) : vector.map((value) => value / length);
}
