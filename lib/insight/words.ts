/** Numbers as people read them: short, with their unit. */

export function inMs(ms: number): string {
	if (ms < 1000) return `${digits(ms)} ms`;
	if (ms < 120_000) return `${digits(ms / 1000)} s`;
	if (ms < 7_200_000) return `${digits(ms / 60_000)} min`;
	if (ms < 172_800_000) return `${digits(ms / 3_600_000)} h`;
	return `${digits(ms / 86_400_000)} days`;
}

/** Of a share. */
export function inPercent(share: number): string {
	return `${digits(share * 100)} %`;
}

/** At least two digits that say something, as single calls cost fractions of a cent. */
export function inUsd(usd: number): string {
	if (usd === 0 || Math.abs(usd) >= 1) return `$${usd.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
	return `$${Math.abs(usd) >= 0.01 ? usd.toFixed(2) : usd.toPrecision(2)}`;
}

export function inBytes(bytes: number): string {
	if (bytes < 1024) return `${digits(bytes)} B`;
	if (bytes < 1_048_576) return `${digits(bytes / 1024)} KB`;
	if (bytes < 1_073_741_824) return `${digits(bytes / 1_048_576)} MB`;
	return `${digits(bytes / 1_073_741_824)} GB`;
}

export function inNumber(value: number): string {
	return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : digits(value);
}

/** `1 call`, `2 calls`. */
export function counted(count: number, one: string, many = `${one}s`): string {
	return `${inNumber(count)} ${count === 1 ? one : many}`;
}

/** Names that others chose may be of any length. */
export function shortened(text: string, most = 100): string {
	const characters = [...text.slice(0, most * 2 + 2)];
	return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

/** Three digits that say something, and no zeros behind the point. */
function digits(value: number): string {
	if (!Number.isFinite(value)) return '–';
	if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
	return String(Number(value.toPrecision(Math.abs(value) < 1 ? 2 : 3)));
}
