import { InvalidOptionError } from '../../lib/core/errors';
import { requireOneOf, requireText } from '../../lib/core/validate';
import type { PagePlan } from '../../lib/n8n/pagination';
import { asText, asValues, type Values } from './values';

const MODES = ['off', 'updateAParameterInEachRequest', 'responseContainsNextURL'] as const;
const COMPLETE_WHEN = ['responseIsEmpty', 'receiveSpecificStatusCodes', 'other'] as const;
const PLACES = ['body', 'headers', 'qs'] as const;

export interface Pagination {
	readonly plan: PagePlan;
	/** Between two pages; 0 where an expression in the plan says it, or nothing does. */
	readonly intervalMs: number;
}

/** The option with its expressions unresolved: they speak of pages that are not there yet. */
export function toPagination(option: unknown, neverError: boolean): Pagination | undefined {
	const values = asValues(option);
	const mode = requireOneOf('Pagination Mode', values.paginationMode ?? 'off', MODES);
	if (mode === 'off') return undefined;
	const { requestInterval } = values;
	const literal = typeof requestInterval === 'number';
	return {
		plan: {
			continue: continueExpression(values, neverError),
			request: mode === 'responseContainsNextURL' ? { url: requireText('Next URL', values.nextURL) } : parametersOf(values),
			...(literal ? {} : { requestInterval }),
			...(values.limitPagesFetched === true ? { maxRequests: values.maxRequests } : {}),
		},
		intervalMs: literal ? Math.max(0, requestInterval) : 0,
	};
}

function continueExpression(values: Values, neverError: boolean): string {
	switch (requireOneOf('Pagination Complete When', values.paginationCompleteWhen ?? 'responseIsEmpty', COMPLETE_WHEN)) {
		case 'responseIsEmpty':
			return '={{ Array.isArray($response.body) ? $response.body.length : !!$response.body }}';
		case 'receiveSpecificStatusCodes':
			return `={{ !${JSON.stringify(statusCodes(values.statusCodesWhenComplete))}.includes($response.statusCode) }}`;
		case 'other': {
			const complete = /^=\s*\{\{([\s\S]+)\}\}$/.exec(asText(values.completeExpression).trim())?.[1];
			if (complete === undefined) throw new InvalidOptionError('Complete Expression', 'an expression', values.completeExpression);
			// A page that is an error is asked to go on, for that is what makes n8n fail.
			const failed = neverError ? '' : ' || $response.statusCode < 200 || $response.statusCode >= 300';
			return `={{ !(${complete})${failed} }}`;
		}
	}
}

function statusCodes(value: unknown): number[] {
	const codes = asText(value).split(',').map((code) => Number.parseInt(code.trim(), 10));
	if (codes.some(Number.isNaN)) throw new InvalidOptionError('Status Code(s) when Complete', 'numbers with commas between them', value);
	return codes;
}

/** What changes from page to page, by where it goes. */
function parametersOf(values: Values): Record<string, Record<string, unknown>> {
	const { parameters } = asValues(values.parameters);
	const places = new Map<string, Map<string, unknown>>();
	for (const [index, row] of (Array.isArray(parameters) ? (parameters as unknown[]) : []).entries()) {
		const { type, name, value } = asValues(row);
		const where = `of parameter ${index + 1} of the pagination`;
		const place = requireOneOf(`Type ${where}`, type ?? 'qs', PLACES);
		const fields = places.get(place) ?? new Map<string, unknown>();
		fields.set(requireText(`Name ${where}`, name), value === '' ? requireText(`Value ${where}`, value) : value);
		places.set(place, fields);
	}
	if (places.size === 0) throw new InvalidOptionError('Parameters of the pagination', 'at least one', undefined);
	return Object.fromEntries([...places].map(([place, fields]) => [place, Object.fromEntries(fields)]));
}
