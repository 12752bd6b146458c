import { describe, test } from 'vitest';
import { CATALOGUE } from '../../bench/catalogue.mts';
import { expectToRun } from '../helpers/bench-smoke.mts';

describe('benchmarks in a real n8n', () => {
	const there = CATALOGUE.filter(({ needs }) => needs?.includes('n8n'));
	test.each(there)('$name measures all that it compares', async ({ name }) => await expectToRun(name));
});
