import type { IExecuteFunctions } from 'n8n-workflow';
import type { TlsOptions } from '../http';

export const SSL_CREDENTIAL = 'httpSslAuth';

/** The certificates of n8n's "SSL Certificates" credential. */
export async function readTls(context: IExecuteFunctions): Promise<TlsOptions> {
	const { ca, cert, key, passphrase } = await context.getCredentials(SSL_CREDENTIAL, 0);
	return { ca: pem(ca), cert: pem(cert), key: pem(key), passphrase: filled(passphrase) };
}

function filled(value: unknown): string | undefined {
	return typeof value === 'string' && value !== '' ? value : undefined;
}

function pem(value: unknown): string | undefined {
	const text = filled(value);
	return text === undefined ? undefined : foldPem(text);
}

/**
 * A field of one line swallows the line breaks of what is pasted into it; they are put back as RFC 7468
 * section 2 has them, after the headers of RFC 1421 where the key is encrypted in the old way. A text
 * that has line breaks, or is no PEM, is left as it is.
 */
export function foldPem(text: string): string {
	if (text.includes('\n') || !text.includes('-----BEGIN ')) return text;
	return text.replace(/\s*-----BEGIN ([^-]+)-----(.*?)-----END \1-----\s*/g, (_block, label: string, inner: string) => {
		const headers: string[] = [];
		const rest = inner.replaceAll('\\n', ' ').replace(/(Proc-Type|DEK-Info):\s*(\S+)/g, (_header, name: string, value: string) => {
			headers.push(`${name}: ${value}`);
			return ' ';
		});
		const base64 = rest.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
		const lines = [...headers, ...(headers.length > 0 ? [''] : []), ...base64];
		return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
	});
}
