import type { INodeExecutionData } from 'n8n-workflow';
import { cacheKey } from '../../lib/cache/key';
import type { Prepared } from '../shared/http/work';

/** Names a request: the same for all that are sent, and answered, alike. A hash, as what a credential holds is part of it. */
export function requestKey({ access, ready }: Prepared): string {
	return cacheKey({ credential: access.credentialId, origin: '', partition: '' }, [ready, access.held()]);
}

export function isRead({ ready }: Prepared): boolean {
	return ready.method === 'GET' || ready.method === 'HEAD';
}

/** The answer of another item's request as this one's own; a file joins what the item itself brings along. */
export function answerFor(input: INodeExecutionData, answer: readonly INodeExecutionData[], { ready }: Prepared): INodeExecutionData[] {
	const { outputPropertyName: name, full } = ready.settings.response;
	return answer.map(({ json, binary }) => {
		const file = binary?.[name];
		if (file === undefined) return { json: structuredClone(json) };
		return { json: full ? structuredClone(json) : input.json, binary: { ...input.binary, [name]: { ...file } } };
	});
}

/** With what it counts under a limit of tokens. */
export function withUnits(prepared: Prepared, units: number | undefined): Prepared {
	return units === undefined ? prepared : { ...prepared, ready: { ...prepared.ready, units } };
}

/** The same for all attempts of an item, and no other's. */
export function withIdempotencyKey(prepared: Prepared, run: string): Prepared {
	const { ready, itemIndex } = prepared;
	const key = cacheKey({ credential: '', origin: '', partition: run }, itemIndex).slice(0, 32);
	return { ...prepared, ready: { ...ready, headers: { ...ready.headers, 'Idempotency-Key': key } } };
}
