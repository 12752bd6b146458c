import { ensureUnpacked } from './system-packages.mts';

/** Runs once before tests that have Prometheus' own tool read what we tell it. */
export default function setup(): void {
	ensureUnpacked('promtool', 'prometheus');
}
