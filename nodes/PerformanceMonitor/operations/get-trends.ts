import { findTrends } from '../../../lib/insight';
import { requireNumber } from '../../../lib/core/validate';
import { asJson, type Operation } from './operation';

const HOUR_MS = 3_600_000;

export const getTrends: Operation = {
	name: 'Get Trends',
	action: 'Get trends',
	description: 'What rises and what falls, how it will go on, and when it would reach its limit',
	fields: [
		{
			displayName: 'Forecast (Hours)',
			name: 'aheadHours',
			type: 'number',
			default: 1,
			typeOptions: { minValue: 0.1, maxValue: 24, numberPrecision: 1 },
			description: 'How far ahead to look',
		},
	],
	async perform(read, { oversight }) {
		const aheadMs = Math.round(requireNumber('Forecast (Hours)', read('aheadHours') ?? 1, { min: 0.1, max: 24 }) * HOUR_MS);
		const [snapshot, settings] = await Promise.all([oversight.snapshot(), oversight.settings()]);
		return asJson({ at: snapshot.at, trends: findTrends(snapshot, settings, aheadMs) });
	},
};
