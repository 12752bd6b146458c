import { createHash, createHmac } from 'node:crypto';
import type { Echo } from './http-node.mts';

/** The signature that AWS would come to by itself for a request that it got (Signature Version 4). */
export function awsSignature({ method, url, headers, body }: Echo, secret: string): { sent: string; expected: string } {
	const { authorization = '' } = headers;
	const field = (name: string) => new RegExp(`${name}=([^,]+)`).exec(authorization)?.[1] ?? '';
	const [, date = '', region = '', service = '', kind = ''] = field('Credential').split('/');
	const signed = field('SignedHeaders');
	const target = new URL(url, 'http://any');
	const query = [...target.searchParams].map((pair) => pair.map(encodeURIComponent).join('=')).sort().join('&');
	const hash = (text: string) => createHash('sha256').update(text).digest('hex');
	const lines = signed.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
	const canonical = [method, target.pathname, query, lines.join(''), signed, hash(body)].join('\n');
	const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], [date, region, service, kind].join('/'), hash(canonical)].join('\n');
	const key = [date, region, service, kind].reduce<Buffer | string>(
		(previous, part) => createHmac('sha256', previous).update(part).digest(),
		`AWS4${secret}`,
	);
	return { sent: field('Signature'), expected: createHmac('sha256', key).update(text).digest('hex') };
}
