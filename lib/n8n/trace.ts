import type { IDataObject } from 'n8n-workflow';
import type { CallTrace } from '../core/trace';

/** What users see under `_fastpath`: the trace, its times rounded to a tenth of a millisecond. */
export function traceOf(trace: CallTrace): IDataObject {
	const shown: IDataObject = { ...trace };
	for (const [name, value] of Object.entries(shown)) {
		if (typeof value === 'number' && name.endsWith('Ms')) shown[name] = Math.round(value * 10) / 10;
	}
	return shown;
}
