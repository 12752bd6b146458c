import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { InvalidOptionError } from '../core/errors';

/** What a credential adds to a request. */
export interface AppliedAuth {
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
	readonly query: Readonly<Record<string, string>>;
	/** Merged into a JSON or form body. */
	readonly body: Readonly<Record<string, unknown>>;
	/** Answered when the server sends its challenge. */
	readonly digest?: { readonly user: string; readonly password: string };
}

const NOTHING: AppliedAuth = { headers: {}, query: {}, body: {} };

type Apply = (data: ICredentialDataDecryptedObject) => AppliedAuth;

/** n8n's generic credential types that are applied by hand, by their names. */
const APPLY: Readonly<Record<string, Apply>> = {
	httpBasicAuth: (data) => {
		const pair = Buffer.from(`${text(data.user)}:${text(data.password)}`).toString('base64');
		return { ...NOTHING, headers: { authorization: `Basic ${pair}` } };
	},
	httpBearerAuth: (data) => ({ ...NOTHING, headers: { authorization: `Bearer ${text(data.token)}` } }),
	httpHeaderAuth: (data) => ({ ...NOTHING, headers: { [text(data.name).toLowerCase()]: text(data.value) } }),
	httpQueryAuth: (data) => ({ ...NOTHING, query: { [text(data.name)]: text(data.value) } }),
	httpDigestAuth: (data) => ({ ...NOTHING, digest: { user: text(data.user), password: text(data.password) } }),
	httpCustomAuth: (data) => custom(data.json),
};

export const GENERIC_AUTH_TYPES: readonly string[] = Object.keys(APPLY);

export function applyGenericAuth(type: string, data: ICredentialDataDecryptedObject): AppliedAuth {
	const apply = APPLY[type];
	if (!apply) throw new InvalidOptionError('Generic Auth Type', `one of ${GENERIC_AUTH_TYPES.join(', ')}`, type);
	return apply(data);
}

/** The JSON of a Custom Auth credential: `{ headers?, qs?, body? }`. */
function custom(json: unknown): AppliedAuth {
	const parsed = typeof json === 'string' ? parseJson(json) : json;
	const { headers, qs, body } = record(parsed);
	const lower = Object.entries(record(headers)).map(([name, value]) => [name.toLowerCase(), text(value)]);
	const query = Object.entries(record(qs)).map(([name, value]) => [name, text(value)]);
	return {
		headers: Object.fromEntries(lower) as Record<string, string>,
		query: Object.fromEntries(query) as Record<string, string>,
		body: record(body),
	};
}

function parseJson(json: string): unknown {
	try {
		return JSON.parse(json) as unknown;
	} catch {
		return undefined;
	}
}

function record(value: unknown): Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
	return typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
}
