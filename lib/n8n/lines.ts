import { Readable } from 'node:stream';
import type { IBinaryData, IExecuteFunctions } from 'n8n-workflow';

/** A file with a line of JSON for each value; read as it is written, so that where n8n keeps files on disk no more than a few are held. */
export async function toLines(context: IExecuteFunctions, values: AsyncIterable<unknown>, name: string): Promise<IBinaryData> {
	const lines = async function* (): AsyncGenerator<Buffer> {
		for await (const value of values) yield Buffer.from(`${JSON.stringify(value)}\n`);
	};
	return await context.helpers.prepareBinaryData(Readable.from(lines(), { objectMode: false }), name, 'application/x-ndjson');
}
