// Local time of a time zone and back, with its daylight-saving changes, from the zone data of the runtime.

export interface LocalTime {
  year: number;
  /** 1 to 12. */
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (!format) {
    const numeric = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    formats.set(zone, format);
  }
  return format;
}

/** What has to be added to the time of the epoch, in milliseconds. Throws a RangeError for an unknown zone. */
export function offsetOf(zone: string, ms: number): number {
  if (zone === 'UTC') return 0;
  const of: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(ms)) of[type] = Number(value);
  const local = Date.UTC(of['year']!, of['month']! - 1, of['day'], of['hour'], of['minute'], of['second']);
  return local - Math.floor(ms / 1000) * 1000;
}

export function localTime(zone: string, ms: number): LocalTime {
  const date = new Date(ms + offsetOf(zone, ms));
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

/** The first moment of a day, which is not midnight where clocks are put forward at midnight. `month`: 1 to 13. */
export function startOfDay(zone: string, year: number, month: number, day: number): number {
  const midnight = Date.UTC(year, month - 1, day);
  const guess = midnight - offsetOf(zone, midnight);
  let start = midnight - offsetOf(zone, guess);
  while (start + offsetOf(zone, start) < midnight) start += HOUR / 4;
  return start;
}

export const isZone = (zone: string): boolean => {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
};

/** `2026-03-29T03:00:00+02:00`; `Z` while it is as UTC. */
export function rfc3339(zone: string, ms: number): string {
  const offset = offsetOf(zone, ms);
  const text = new Date(ms + offset).toISOString().slice(0, 19);
  if (offset === 0) return `${text}Z`;
  const minutes = Math.abs(Math.trunc(offset / MINUTE));
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
