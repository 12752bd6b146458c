import { InvalidOptionError } from '../../core/errors';
import { timeTicks, type Axes, type Frame } from './plot';

/** How moments are written, in the time zone of the reader. */
export interface Times {
	readonly zone: string;
	/** `14:05`. */
	clock(at: number): string;
	/** `2 March 2026, 14:05`. */
	full(at: number): string;
	ticks(frame: Frame): Axes['times'];
}

/** @throws InvalidOptionError where there is no such zone */
export function timesIn(zone: string): Times {
	const format = (options: Intl.DateTimeFormatOptions) => {
		try {
			return new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options });
		} catch {
			throw new InvalidOptionError('Time Zone', 'a name such as UTC or Europe/Berlin', zone);
		}
	};
	const clock = format({ hour: '2-digit', minute: '2-digit' });
	const full = format({ day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit' });
	const parts = format({ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' });
	return {
		zone,
		clock: (at) => clock.format(at),
		full: (at) => full.format(at),
		ticks: (frame) => timeTicks(frame, offsetAt(parts, frame.to)).map((at) => ({ at, label: clock.format(at) })),
	};
}

/** How far the zone is ahead of UTC. */
function offsetAt(parts: Intl.DateTimeFormat, at: number): number {
	const read = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
	const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = read;
	return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}
