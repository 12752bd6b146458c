/** What a parameter may be, in n8n's own spelling: the panel lists it, the reader of the parameters demands it. */
export const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

export type Method = (typeof METHODS)[number];

export const CONTENT_TYPES = ['form-urlencoded', 'json', 'raw'] as const;

export const ARRAY_FORMATS = ['repeat', 'brackets', 'indices'] as const;

export type ArrayFormat = (typeof ARRAY_FORMATS)[number];

export const RESPONSE_FORMATS = ['autodetect', 'file', 'json', 'text'] as const;

export type ResponseFormat = (typeof RESPONSE_FORMATS)[number];

/** Credential types that fit any service, by the names that n8n shows. */
export const GENERIC_TYPES = {
	httpBasicAuth: 'Basic Auth',
	httpBearerAuth: 'Bearer Auth',
	httpCustomAuth: 'Custom Auth',
	httpDigestAuth: 'Digest Auth',
	httpHeaderAuth: 'Header Auth',
	oAuth1Api: 'OAuth1 API',
	oAuth2Api: 'OAuth2 API',
	httpQueryAuth: 'Query Auth',
	httpTemplatedCustomAuth: 'Simplified Custom Auth',
} as const;

export type GenericType = keyof typeof GENERIC_TYPES;

export const GENERIC_TYPE_NAMES = Object.keys(GENERIC_TYPES) as GenericType[];
