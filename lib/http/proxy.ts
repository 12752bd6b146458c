type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/**
 * The proxy that the environment names for an address, or nothing: `HTTP_PROXY`, `HTTPS_PROXY`,
 * `ALL_PROXY`, `NO_PROXY`, lower case first, with the meaning that the `proxy-from-env` package
 * (and so n8n) gives them. A proxy without a protocol gets that of the address.
 *
 * `NO_PROXY` is a list separated by commas or spaces: `*` alone switches proxies off; `host`
 * is exact; `.host` and `*host` are suffixes; `:port` restricts an entry to that port.
 */
export function proxyFor(address: string, environment: Environment): string | undefined {
	if (!URL.canParse(address)) return undefined;
	const url = new URL(address);
	const defaultPort = DEFAULT_PORT[url.protocol];
	if (defaultPort === undefined) return undefined;
	const port = url.port === '' ? defaultPort : Number(url.port);
	if (isExempt(url.hostname, port, read(environment, 'no_proxy'))) return undefined;

	const scheme = url.protocol.slice(0, -1);
	const proxy = read(environment, `${scheme}_proxy`) || read(environment, 'all_proxy');
	if (proxy === '') return undefined;
	return proxy.includes('://') ? proxy : `${scheme}://${proxy}`;
}

function isExempt(hostname: string, port: number, list: string): boolean {
	return list
		.toLowerCase()
		.split(/[,\s]+/)
		.some((entry) => entry !== '' && matches(hostname, port, entry));
}

function matches(hostname: string, port: number, entry: string): boolean {
	const [, host = entry, entryPort] = /^(.+):(\d+)$/.exec(isBareIpv6(entry) ? `[${entry}]` : entry) ?? [];
	if (entryPort !== undefined && Number(entryPort) !== port) return false;
	if (host.startsWith('*')) return hostname.endsWith(host.slice(1));
	if (host.startsWith('.')) return hostname.endsWith(host);
	return hostname === host || hostname === `[${host}]`;
}

/** `::1` has no port, though it ends like `host:port`. */
function isBareIpv6(entry: string): boolean {
	return !entry.startsWith('[') && entry.indexOf(':') !== entry.lastIndexOf(':');
}

function read(environment: Environment, name: string): string {
	return environment[name] || environment[name.toUpperCase()] || '';
}
