import type { INodeExecutionData } from 'n8n-workflow';
import { InvalidOptionError } from '../../../lib/core/errors';
import { abortable } from '../../../lib/core/signal';
import { requireHttpUrl, requireInteger } from '../../../lib/core/validate';
import type { Desk, Operation } from './operation';

const CONNECT_TIMEOUT_MS = 10_000;
const MAX_URLS = 50;
const MAX_EACH = 10;
/** The scope of requests without a credential. */
const NO_CREDENTIAL = 'none';

export const prewarmConnections: Operation = {
	name: 'Pre-Warm Connections',
	action: 'Pre warm connections',
	description: 'Open connections ahead of the requests that will need them, so that those need not wait for DNS, TCP and TLS',
	fields: [
		{
			displayName: 'URLs',
			name: 'urls',
			type: 'string',
			typeOptions: { rows: 2 },
			default: '',
			required: true,
			placeholder: 'e.g. https://api.openai.com',
			description: 'Addresses of the servers, with commas or line breaks between them. Nothing is requested: only scheme, host and port count.',
		},
		{
			displayName: 'Connections',
			name: 'connections',
			type: 'number',
			default: 2,
			typeOptions: { minValue: 1, maxValue: MAX_EACH },
			description: 'How many are to be open and idle for each server',
		},
	],
	async perform(read, desk, signal) {
		const urls = toUrls(read('urls'));
		const count = requireInteger('Connections', read('connections'), { min: 1, max: MAX_EACH });
		return await Promise.all(urls.map(async (url) => await prewarm(desk, url, count, signal)));
	},
};

/** In the pools that are in use for the server, whatever their credentials; where there is none, in that of requests without one. */
async function prewarm({ runtime, egress }: Desk, url: string, count: number, signal: AbortSignal): Promise<INodeExecutionData> {
	const target = {
		url,
		scope: NO_CREDENTIAL,
		// As Pooled HTTP has them by default: else its requests would have other pools.
		connection: { rejectUnauthorized: true, http2: false, maxConnections: 50, maxIdleConnections: 10 },
		timeouts: { connectMs: CONNECT_TIMEOUT_MS },
		egress,
		proxyFor: runtime.proxyFor,
	};
	const { opened, pools, failed } = await abortable(runtime.transport.prewarmOrigin(target, count), signal);
	return { json: { origin: new URL(url).origin, opened, pools, failedPools: failed } };
}

/** Of each server one address. */
function toUrls(value: unknown): string[] {
	const parts: unknown[] = Array.isArray(value) ? value : typeof value === 'string' ? value.split(/[,\s]+/) : [value];
	const origins = new Set(parts.filter((part) => part !== '').map((part) => requireHttpUrl('URLs', part).origin));
	if (origins.size === 0 || origins.size > MAX_URLS) throw new InvalidOptionError('URLs', `1 to ${MAX_URLS} addresses`, value);
	return [...origins];
}
