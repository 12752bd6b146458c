/** The colours of the report. A test holds every pair of them that is read together to WCAG 2.2 AA. */
export interface Theme {
	readonly page: string;
	readonly card: string;
	readonly line: string;
	readonly grid: string;
	readonly ink: string;
	/** For what is said beside. */
	readonly quiet: string;
	readonly accent: string;
	/** Percentiles in one hue, the higher the stronger. */
	readonly p50: string;
	readonly p95: string;
	readonly p99: string;
	readonly area: string;
	readonly spent: string;
	readonly good: string;
	readonly fair: string;
	readonly poor: string;
	readonly bad: string;
	/** The heat map, from few to many. */
	readonly heat1: string;
	readonly heat2: string;
	readonly heat3: string;
	readonly heat4: string;
	readonly heat5: string;
}

export const LIGHT: Theme = {
	page: '#f6f6f4', card: '#ffffff', line: '#dfdfda', grid: '#e9e9e5', ink: '#1b1d21', quiet: '#5a5f68', accent: '#1f5fb0',
	p50: '#4a90d9', p95: '#1f5fb0', p99: '#0c2f63', area: '#dbe8f7', spent: '#7a808a',
	good: '#1a7a4c', fair: '#8a6100', poor: '#b34a00', bad: '#b3261e',
	heat1: '#f7d9c9', heat2: '#efae8f', heat3: '#e07e5a', heat4: '#c04a34', heat5: '#8c1d1a',
};

export const DARK: Theme = {
	page: '#131518', card: '#1b1e22', line: '#33373d', grid: '#2a2e33', ink: '#e9eaec', quiet: '#a3a9b2', accent: '#84b6f4',
	p50: '#4f88cc', p95: '#84b6f4', p99: '#d6e6fb', area: '#213650', spent: '#8b929c',
	good: '#5cc08d', fair: '#e0b14a', poor: '#f0925a', bad: '#f58079',
	heat1: '#3d2621', heat2: '#6b3327', heat3: '#a0492f', heat4: '#d9714a', heat5: '#ffb793',
};
