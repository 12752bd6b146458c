import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { convert, type Conversion } from './convert';

const USAGE = `n8n-nodes-fastpath convert [options] [workflow.json]

Replaces the HTTP Request nodes of an exported workflow by Pooled HTTP nodes. Everything else stays as it is.
Reads the file, or standard input where none is named, and writes to standard output.

  -b, --back          the other way round: Pooled HTTP becomes HTTP Request
  -o, --output FILE   write to a file
  -h, --help          show this`;

export interface Streams {
	/** Text for standard output. */
	out(text: string): void;
	/** Lines for people. */
	say(line: string): void;
}

/** Returns the exit code: 0, 1 where something went wrong, 2 where the command line is not understood. */
export function main(args: readonly string[], { out, say }: Streams): number {
	let parsed;
	try {
		parsed = parseArgs({
			args: [...args],
			allowPositionals: true,
			options: {
				back: { type: 'boolean', short: 'b', default: false },
				output: { type: 'string', short: 'o' },
				help: { type: 'boolean', short: 'h', default: false },
			},
		});
	} catch (error) {
		say(`${wordsOf(error)}\n\n${USAGE}`);
		return 2;
	}
	const { values, positionals } = parsed;
	const [command, file, ...more] = positionals;
	if (values.help) {
		out(`${USAGE}\n`);
		return 0;
	}
	if (command !== 'convert' || more.length > 0) {
		say(USAGE);
		return 2;
	}
	try {
		// A byte order mark is what some editors put before JSON; 0 is standard input.
		const conversion = convert(JSON.parse(readFileSync(file ?? 0, 'utf8').replace(/^\uFEFF/, '')), values.back);
		const text = `${JSON.stringify(conversion.json, null, 2)}\n`;
		if (values.output === undefined) out(text);
		else writeFileSync(values.output, text);
		for (const line of report(conversion, values.back)) say(line);
		return 0;
	} catch (error) {
		say(`${file ?? 'standard input'}: ${wordsOf(error)}`);
		return 1;
	}
}

function report({ changed, left, lost }: Conversion, back: boolean): string[] {
	const target = back ? 'HTTP Request' : 'Pooled HTTP';
	return [
		`${changed.length} ${changed.length === 1 ? 'node' : 'nodes'} changed to ${target}${changed.length > 0 ? `: ${changed.join(', ')}` : ''}`,
		...left.map(({ name, reason }) => `left alone: ${name}: ${reason}`),
		...lost.map(({ name, options }) => `${name}: HTTP Request has no ${options.join(', ')} and drops them`),
	];
}

function wordsOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
