/**
 * For a file of engine tests: the engine once, and for each test a stand-in of its own. Its port is new each time, which
 * gives each test a scope of its own in the process-wide runtime. Importing it sets it up.
 */
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { startStandIn, type StandIn } from '../stand-in/ai-provider.mts';
import { createEngine, type Engine } from './engine.mts';

export let engine: Engine;
export let standIn: StandIn;

beforeAll(async () => {
	engine = await createEngine();
});

beforeEach(async () => {
	standIn = await startStandIn();
});

afterEach(async () => {
	await standIn.close();
});
