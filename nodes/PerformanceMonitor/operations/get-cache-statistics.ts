import { periodField, toPeriod } from './fields';
import { asJson, type Operation } from './operation';
import { cacheStatistics } from './statistics';

export const getCacheStatistics: Operation = {
	name: 'Get Cache Statistics',
	action: 'Get cache statistics',
	description: 'Hits, misses and what they saved, by node, and what the caches hold',
	fields: [periodField],
	perform: async (read, { oversight }) => asJson(cacheStatistics(await oversight.snapshot(), toPeriod(read))),
};
