/** What a parameter may be, in n8n's own spelling: the panel lists it, the reader of the parameters demands it. */
export const METHODS = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

/** RFC 4918, and REPORT of RFC 3253. */
export const WEBDAV_METHODS = ['COPY', 'MKCOL', 'MOVE', 'PROPFIND', 'REPORT'] as const;

export type Method = (typeof METHODS)[number] | (typeof WEBDAV_METHODS)[number];

export const CONTENT_TYPES = ['binaryData', 'form-urlencoded', 'json', 'multipart-form-data', 'raw'] as const;

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
