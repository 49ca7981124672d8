// Durations and timestamps: reading, writing, adding and their parts. Nanoseconds throughout.
// Upstream: cel-go common/types/{duration,timestamp}.go, Go's time package.
import { type FunctionTable, declare } from '../functions.ts';
import { CelError, Duration, Timestamp } from '../values.ts';

const SECOND = 1_000_000_000n;
const UNITS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: SECOND,
  m: 60n * SECOND,
  h: 3_600n * SECOND,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;
/** Years 1 to 9999. */
const [FIRST, LAST] = [-62_135_596_800n * SECOND, 253_402_300_800n * SECOND - 1n];

/** Undefined when Go's time.ParseDuration would not take it. */
export function durationNanos(text: string): bigint | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const rest = text.slice(sign.length);
  if (rest === '0') return 0n;
  if (rest === '') return undefined;
  let total = 0n;
  let i = 0;
  while (i < rest.length) {
    PART.lastIndex = i;
    const found = PART.exec(rest);
    if (!found) return undefined;
    i += found[0].length;
    const [whole = '', fraction = ''] = found[1]!.split('.');
    const unit = UNITS[found[2]!]!;
    total += BigInt(whole || '0') * unit;
    // What is finer than a nanosecond is cut off.
    const digits = fraction.slice(0, 15);
    if (digits !== '') total += (BigInt(digits) * unit) / 10n ** BigInt(digits.length);
    if (total > 2n ** 63n) return undefined;
  }
  const signed = sign === '-' ? -total : total;
  return signed < 2n ** 63n ? signed : undefined;
}

export function parseDuration(text: string): Duration {
  const nanos = durationNanos(text);
  if (nanos === undefined) throw new CelError(`time: invalid duration ${JSON.stringify(text)}`);
  return new Duration(nanos);
}

/** `1.5s`: seconds alone, as upstream's string(duration). */
export function formatDuration({ nanos }: Duration): string {
  const negative = nanos < 0n;
  const all = negative ? -nanos : nanos;
  const fraction = String(all % SECOND)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${negative ? '-' : ''}${all / SECOND}${fraction === '' ? '' : `.${fraction}`}s`;
}

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?(Z|[+-]\d{2}:\d{2})$/;

/** Undefined when the text is no time as RFC 3339 writes it. */
export function timestampNanos(text: string): bigint | undefined {
  const [whole, year, month, day, hour, minute, second, fraction = '', zone] = RFC3339.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  date.setUTCHours(Number(hour), Number(minute), Number(second));
  const offset =
    zone === 'Z' ? 0 : (zone![0] === '-' ? -1 : 1) * (Number(zone!.slice(1, 3)) * 60 + Number(zone!.slice(4)));
  const seconds = BigInt(date.getTime() / 1000 - offset * 60);
  const nanos = seconds * SECOND + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
  return nanos >= FIRST && nanos <= LAST ? nanos : undefined;
}

export function parseTimestamp(text: string): Timestamp {
  const nanos = timestampNanos(text);
  if (nanos === undefined) throw new CelError(`parsing time ${JSON.stringify(text)}: cannot be read as a timestamp`);
  return new Timestamp(nanos);
}

export function formatTimestamp({ nanos }: Timestamp): string {
  const second = nanos >= 0n ? nanos / SECOND : -((-nanos + SECOND - 1n) / SECOND);
  const rest = nanos - second * SECOND;
  const fraction = String(rest).padStart(9, '0').replace(/0+$/, '');
  return new Date(Number(second) * 1000).toISOString().replace(/\.\d+Z$/, `${fraction === '' ? '' : `.${fraction}`}Z`);
}

const checkedTime = (nanos: bigint): Timestamp => {
  if (nanos < FIRST || nanos > LAST) throw new CelError('timestamp overflow');
  return new Timestamp(nanos);
};
const checkedDuration = (nanos: bigint): Duration => {
  if (nanos >= 2n ** 63n || nanos < -(2n ** 63n)) throw new CelError('duration overflow');
  return new Duration(nanos);
};

/** The wall clock at a place: a name of the time zone database, or an offset. The fields are UTC's of the Date. */
function wallClock({ nanos }: Timestamp, zone: string): Date {
  const millis = Number(nanos >= 0n ? nanos / 1_000_000n : -((-nanos + 999_999n) / 1_000_000n));
  const offset = /^([+-]?)(\d{1,2}):(\d{2})$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(millis + (offset[1] === '-' ? -1 : 1) * minutes * 60_000);
  }
  if (zone === '' || zone === 'UTC') return new Date(millis);
  let parts: Intl.DateTimeFormatPart[];
  try {
    const options = { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' } as const;
    const format = new Intl.DateTimeFormat('en-US', {
      ...options,
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    parts = format.formatToParts(new Date(millis));
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
  const of = (type: string): number => Number(parts.find((part) => part.type === type)!.value);
  const milli = ((millis % 1000) + 1000) % 1000;
  return new Date(Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'), milli));
}

const dayOfYear = (date: Date): number => {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
};

const PARTS: Record<string, (date: Date) => number> = {
  getFullYear: (d) => d.getUTCFullYear(),
  getMonth: (d) => d.getUTCMonth(),
  getDayOfYear: dayOfYear,
  getDayOfMonth: (d) => d.getUTCDate() - 1,
  getDate: (d) => d.getUTCDate(),
  getDayOfWeek: (d) => d.getUTCDay(),
  getHours: (d) => d.getUTCHours(),
  getMinutes: (d) => d.getUTCMinutes(),
  getSeconds: (d) => d.getUTCSeconds(),
  getMilliseconds: (d) => d.getUTCMilliseconds(),
};

export function declareTimes(table: FunctionTable): void {
  for (const [name, part] of Object.entries(PARTS)) {
    const run = (time: Timestamp, zone = ''): bigint => BigInt(part(wallClock(time, zone)));
    declare(table, `timestamp_to_${name}`, `.${name}(timestamp) int`, run);
    declare(table, `timestamp_to_${name}_with_tz`, `.${name}(timestamp, string) int`, run);
  }
  const units: [string, bigint][] = [
    ['getHours', UNITS['h']!],
    ['getMinutes', UNITS['m']!],
    ['getSeconds', SECOND],
  ];
  for (const [name, unit] of units)
    declare(table, `duration_to_${name}`, `.${name}(duration) int`, (d: Duration) => d.nanos / unit);
  const millis = (d: Duration): bigint => d.nanos / 1_000_000n;
  declare(table, 'duration_to_milliseconds', '.getMilliseconds(duration) int', millis);
  const later = (t: Timestamp, d: Duration): Timestamp => checkedTime(t.nanos + d.nanos);
  declare(table, 'add_timestamp_duration', '_+_(timestamp, duration) timestamp', later);
  declare(table, 'add_duration_timestamp', '_+_(duration, timestamp) timestamp', (d: Duration, t: Timestamp) =>
    later(t, d),
  );
  const both = (a: Duration, b: Duration): Duration => checkedDuration(a.nanos + b.nanos);
  declare(table, 'add_duration_duration', '_+_(duration, duration) duration', both);
  const between = (a: Timestamp, b: Timestamp): Duration => checkedDuration(a.nanos - b.nanos);
  declare(table, 'subtract_timestamp_timestamp', '_-_(timestamp, timestamp) duration', between);
  const earlier = (t: Timestamp, d: Duration): Timestamp => checkedTime(t.nanos - d.nanos);
  declare(table, 'subtract_timestamp_duration', '_-_(timestamp, duration) timestamp', earlier);
  const less = (a: Duration, b: Duration): Duration => checkedDuration(a.nanos - b.nanos);
  declare(table, 'subtract_duration_duration', '_-_(duration, duration) duration', less);
}
