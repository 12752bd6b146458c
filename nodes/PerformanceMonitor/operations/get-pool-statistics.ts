import { asJson, type Operation } from './operation';
import { poolStatistics } from './statistics';

export const getPoolStatistics: Operation = {
	name: 'Get Pool Statistics',
	action: 'Get pool statistics',
	description: 'Connections, how often they are used again, circuits and limits, by server',
	fields: [],
	perform: async (_read, { oversight }) => asJson(poolStatistics(await oversight.snapshot())),
};
