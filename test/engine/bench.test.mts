import { describe, test } from 'vitest';
import { CATALOGUE } from '../../bench/catalogue.mts';
import { peersAreInstalled } from '../../bench/peers/install.mts';
import { expectToRun } from '../helpers/bench-smoke.mts';
import { redisIsMissing } from '../helpers/redis-server.mts';

const HERE = CATALOGUE.filter(({ needs = [] }) => !needs.includes('n8n'));
// `npm run bench` installs them; the tests need no network.
const missing = { peers: !peersAreInstalled(), redis: redisIsMissing(), n8n: true };

describe('benchmarks', () => {
	for (const { name, needs = [] } of HERE) {
		test.skipIf(needs.some((need) => missing[need]))(`${name} measures all that it compares`, async () => await expectToRun(name), 120_000);
	}
});
