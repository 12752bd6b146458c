import type { IExecuteFunctions } from 'n8n-workflow';
import { InvalidOptionError } from '../core/errors';

/** A page's request in the shape that n8n's helper fills in. */
export interface PageRequest {
	readonly uri: string;
	readonly method: string;
	readonly headers: Readonly<Record<string, unknown>>;
	readonly qs: Readonly<Record<string, unknown>>;
	readonly body?: unknown;
	readonly form?: unknown;
	readonly formData?: unknown;
}

/** What expressions see of a page as `$response`. */
export interface PageAnswer {
	readonly statusCode: number;
	readonly statusMessage: string;
	readonly headers: Readonly<Record<string, string | string[]>>;
	readonly body: unknown;
}

/** Values may be expressions that speak of `$response`, `$request` and `$pageCount`. */
export interface PagePlan {
	/** Whether there is another page. */
	readonly continue: string;
	readonly request: Readonly<Record<string, unknown>>;
	/** Milliseconds. */
	readonly requestInterval?: unknown;
	readonly maxRequests?: unknown;
	/** Bodies are not compared to find out that pages repeat. */
	readonly binaryResult?: boolean;
}

type Paginate = (
	this: object,
	first: PageRequest,
	itemIndex: number,
	plan: PagePlan,
	credentialsType?: string,
	additional?: unknown,
	shown?: unknown,
) => Promise<unknown[]>;

/**
 * Fetches page after page with n8n's own helper, which resolves the expressions and decides when to stop;
 * the requests themselves are made by `fetchPage`. The helper asks its context's `request` for each page,
 * so it is given a context with another one. Throws InvalidOptionError where this n8n's helper does not work so.
 */
export async function paginate<A extends PageAnswer>(
	context: IExecuteFunctions,
	itemIndex: number,
	first: PageRequest,
	plan: PagePlan,
	fetchPage: (request: PageRequest, pagesBefore: number) => Promise<A>,
): Promise<A[]> {
	const helper = context.helpers.requestWithAuthenticationPaginated as unknown as Paginate | undefined;
	if (typeof helper !== 'function') throw unsupported();
	const pages: A[] = [];
	const request = async (options: PageRequest) => {
		const page = await fetchPage(options, pages.length);
		pages.push(page);
		return page;
	};
	const substituted = Object.create(context, {
		helpers: { value: { ...context.helpers, request, requestWithAuthentication: refuse } },
	}) as IExecuteFunctions;
	// The plain request is what expressions may see; credentials are added later.
	const fetched = await helper.call(substituted, { ...first }, itemIndex, plan, undefined, undefined, first);
	if (!Array.isArray(fetched) || fetched.length !== pages.length) throw unsupported();
	return pages;
}

async function refuse(): Promise<never> {
	throw unsupported();
}

function unsupported(): InvalidOptionError {
	return new InvalidOptionError('Pagination', 'an n8n whose pagination this node can use', 'another version of n8n');
}
