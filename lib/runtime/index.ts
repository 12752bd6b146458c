import { estateOf } from './estate';
import { Runtime } from './runtime';

export { Runtime, type RuntimeStats } from './runtime';
export type { Account, Lane, LaneCall, LaneOptions, Outcome } from './compose';
export type { Foreseen } from './foresee';
export type { Oversight } from './oversight';
export type { Scope } from './scope';
export type { CircuitReset } from './shared-limits';
export type { SharedStoreSettings } from './shared-backend';
export { FAMILIES } from '../metrics/families';
export { PROMETHEUS_CONTENT_TYPE, samplesOf, toPrometheus } from '../metrics/prometheus';
export { probeSharedStore, type Cleared, type SharedStore } from './shared-stores';
export { storePath } from './store-path';
export { templateFile } from './templates';

/**
 * Where the one runtime of the process hangs. Two copies of this module (n8n drops its module cache
 * when a package is updated, and a package may be installed twice) find the same one, as long as they
 * are of the same build; a newer build takes over, goes on with what the older one has stored, and lets it run dry. Executions that
 * began with the older one end with it; an older build that is asked later makes do with the newer one.
 */
const PLACE = Symbol.for('n8n-nodes-fastpath/runtime@1');

/** The package's version. */
const BUILD = '0.1.0';

interface Holder {
	readonly build: string;
	readonly runtime: Runtime;
}

/** The runtime of this process; made on first use, so that loading the package opens nothing. */
export function getRuntime(log?: (message: string) => void): Runtime {
	const place = globalThis as { [PLACE]?: Holder };
	const present = place[PLACE];
	if (present && !isNewer(BUILD, present.build)) return present.runtime;
	const runtime = new Runtime(log ? { log } : {});
	place[PLACE] = { build: BUILD, runtime };
	if (present) void takeOver(runtime, present.runtime);
	return runtime;
}

/** Whether version `a` comes after version `b`; both are numbers separated by dots. */
function isNewer(a: string, b: string): boolean {
	return a.localeCompare(b, 'en', { numeric: true }) > 0;
}

/** The other build's runtime may be of another shape, and may fail: neither is the new one's business. */
async function takeOver(heir: Runtime, old: Runtime): Promise<void> {
	try {
		const estate = estateOf(old);
		if (estate) {
			heir.inherit(estate);
			old.journals.leaveTo(heir.journals.memory);
		}
	} catch {
		// The new one begins with less, or with nothing.
	}
	try {
		await old.dispose();
	} catch {
		// Its timers are unref'd and its sockets end by themselves.
	}
}
