import type { IDataObject, IExecuteFunctions, INodeExecutionData } from 'n8n-workflow';
import { runOrdered } from '../../lib/batch/run';
import { errorItem, toNodeError } from '../../lib/n8n/errors';
import { toLines } from '../../lib/n8n/lines';
import { cancelSignal } from '../../lib/n8n/signal';

/**
 * An item for every so many texts, with a file of them: a text is made when the file is written, and n8n hands on the file alone.
 * Each line says of which item its text is. Items that fail are items of their own, behind the file that they are missing from.
 */
export async function fillFiles(context: IExecuteFunctions, textsPerFile: number, fill: (itemIndex: number) => Promise<IDataObject>): Promise<INodeExecutionData[][]> {
	const node = context.getNode();
	const goesOn = context.continueOnFail();
	const count = context.getInputData().length;
	const signal = cancelSignal(context);
	const starts = Array.from({ length: Math.ceil(count / textsPerFile) }, (_, file) => file * textsPerFile);
	const files = await runOrdered(starts, { concurrency: 1, signal, stopOnFailure: true }, async (start, file) => {
		const end = Math.min(start + textsPerFile, count);
		const done: number[] = [];
		const failed: INodeExecutionData[] = [];
		const lines = async function* (): AsyncGenerator<IDataObject> {
			for (let item = start; item < end; item += 1) {
				if (signal.aborted) throw toNodeError(node, undefined, item);
				try {
					yield { item, ...(await fill(item)) };
					done.push(item);
				} catch (error) {
					const translated = toNodeError(node, error, item);
					if (!goesOn) throw translated;
					failed.push({ ...errorItem(translated), pairedItem: { item } });
				}
			}
		};
		const data = await toLines(context, lines(), `texts-${file + 1}.ndjson`);
		const written: INodeExecutionData = { json: { file: data.fileName, texts: done.length, failed: failed.length }, binary: { data }, pairedItem: done.map((item) => ({ item })) };
		return done.length > 0 ? [written, ...failed] : failed;
	});
	const stopped = files.findIndex(({ status }) => status !== 'ok');
	const first = files[stopped];
	if (first) throw toNodeError(node, first.status === 'failed' ? first.error : undefined, starts[stopped] ?? 0);
	return [files.flatMap((file) => (file.status === 'ok' ? file.value : []))];
}
