import type { IDataObject, INodeExecutionData } from 'n8n-workflow';
import type { Alert, AlertEvent } from '../../lib/insight';

/** An event as the workflow gets it. */
export function eventItem({ kind, at, alert, why }: AlertEvent): INodeExecutionData {
	return { json: { event: kind, at, ...factsOf(alert), lastedMs: at - alert.raisedAt, ...(why === undefined ? {} : { why }) } };
}

/** What a test run gets: alerts that stand, as if they were raised now, or an example. */
export function testItems(standing: readonly Alert[], at: number): INodeExecutionData[] {
	const alerts = standing.length > 0 ? standing : [exampleAt(at)];
	return alerts.map((alert) => ({ json: { ...eventItem({ kind: 'raised', at, alert }).json, test: true } }));
}

function factsOf({ severity, worst, rule, name, says, advice, value, limit, worstValue, subject, raisedAt }: Alert): IDataObject {
	return { severity, worst, rule, name, says, advice, value, limit, worstValue, subject, raisedAt };
}

function exampleAt(at: number): Alert {
	return {
		rule: 'errorRate',
		subject: 'example',
		name: 'https://api.example.com',
		severity: 'high',
		worst: 'high',
		value: 0.25,
		worstValue: 0.25,
		limit: 0.1,
		says: 'This is an example: 25 % of the calls to https://api.example.com failed.',
		advice: 'Nothing needs to be done.',
		raisedAt: at,
		overSince: null,
	};
}
