import type { INodeProperties } from 'n8n-workflow';
import { requireHttpUrl, requireNumber } from '../../lib/core/validate';

/** Members of an options collection that concern the connection itself; the names are those of n8n's HTTP Request. */
export function connectionOptions(defaults = { maxResponseMb: 100 }): INodeProperties[] {
	return [
		{
			displayName: 'HTTP/2',
			name: 'http2',
			type: 'boolean',
			default: false,
			description: 'Whether to use HTTP/2 where the server offers it: one connection carries many calls, at a higher cost per call',
		},
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'allowUnauthorizedCerts',
			type: 'boolean',
			default: false,
			description: 'Whether to connect even if SSL certificate validation is not possible',
		},
		{
			displayName: 'Include Trace',
			name: 'includeTrace',
			type: 'boolean',
			default: false,
			description: 'Whether to add what happened to each call (cache, attempts, waiting, connection) under _fastpath',
		},
		{
			displayName: 'Max Response Size (MB)',
			name: 'maxResponseMb',
			type: 'number',
			default: defaults.maxResponseMb,
			typeOptions: { minValue: 1 },
			description: 'Responses that are larger fail, before they fill the memory',
		},
		{
			displayName: 'Proxy',
			name: 'proxy',
			type: 'string',
			default: '',
			placeholder: 'e.g. http://myproxy:3128',
			description: 'Proxy to go through, in place of the one from the environment',
		},
	];
}

export interface ConnectionSettings {
	readonly http2: boolean;
	readonly rejectUnauthorized: boolean;
	readonly maxResponseBytes: number;
	/** Undefined: whatever the environment says. */
	readonly proxy: string | undefined;
}

const BYTES_PER_MB = 1_048_576;

export function toConnection(
	options: Readonly<Record<string, unknown>>,
	defaults: { readonly maxResponseMb: number },
): ConnectionSettings {
	const maxResponseMb = requireNumber('Max Response Size (MB)', options.maxResponseMb ?? defaults.maxResponseMb, {
		min: 0.001,
		max: 2048,
	});
	const proxy = typeof options.proxy === 'string' ? options.proxy.trim() : '';
	return {
		http2: options.http2 === true,
		rejectUnauthorized: options.allowUnauthorizedCerts !== true,
		maxResponseBytes: Math.round(maxResponseMb * BYTES_PER_MB),
		proxy: proxy === '' ? undefined : requireHttpUrl('Proxy', proxy).href,
	};
}
