export { createTransport } from './client';
export type { PooledTransport, TransportOptions } from './client';
export { ACCEPTED_ENCODINGS } from './decompress';
export { openEgress } from './egress';
export type { Egress } from './egress';
export type { PoolStats } from './pools';
export { proxyFor } from './proxy';
export type {
	ConnectionOptions,
	ConnectionTarget,
	HttpRequest,
	HttpResponse,
	HttpTimeouts,
	HttpTimings,
	RedirectOptions,
	TlsOptions,
	Transport,
} from './transport';
