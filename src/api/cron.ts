// Cron schedules of five fields, `@daily` and `@every 1h`: parsed, with the messages of the library that upstream uses.
// When a schedule is due next is its user's matter. Upstream: github.com/robfig/cron/v3 (ParseStandard).
import { parseDuration } from './duration.ts';

interface Bounds {
  min: number;
  max: number;
  names?: Readonly<Record<string, number>>;
}

const MONTHS = { jan: 1, feb: 2, mar: 3, apr: 4, may: 5, jun: 6, jul: 7, aug: 8, sep: 9, oct: 10, nov: 11, dec: 12 };
const DAYS = { sun: 0, mon: 1, tue: 2, wed: 3, thu: 4, fri: 5, sat: 6 };
const MINUTE: Bounds = { min: 0, max: 59 };
const HOUR: Bounds = { min: 0, max: 23 };
const DAY_OF_MONTH: Bounds = { min: 1, max: 31 };
const MONTH: Bounds = { min: 1, max: 12, names: MONTHS };
const DAY_OF_WEEK: Bounds = { min: 0, max: 6, names: DAYS };

/** The values at which a field matches; `star` when it was `*`, which makes the other field of days decide. */
export interface CronField {
  values: ReadonlySet<number>;
  star: boolean;
}
export type CronSchedule =
  | { minute: CronField; hour: CronField; dayOfMonth: CronField; month: CronField; dayOfWeek: CronField }
  | { everyMs: number };

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const EVERY = '@every ';
const INTEGER = /^[+-]?\d+$/;

function integer(text: string): number {
  if (!INTEGER.test(text)) {
    const why = `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
    throw new Error(`failed to parse int from ${text}: ${why}`);
  }
  const value = Number(text);
  if (value < 0) throw new Error(`negative number (${value}) not allowed: ${text}`);
  return value;
}

const integerOrName = (text: string, { names }: Bounds): number =>
  names && Object.hasOwn(names, text.toLowerCase()) ? names[text.toLowerCase()]! : integer(text);

/** `*`, `5`, `1-5`, each with `/step`. */
function range(text: string, bounds: Bounds, into: Set<number>): boolean {
  const parts = text.split('/');
  const ends = parts[0]!.split('-');
  let [start, end, star] = [bounds.min, bounds.max, true];
  if (ends[0] !== '*' && ends[0] !== '?') {
    star = false;
    start = integerOrName(ends[0]!, bounds);
    if (ends.length > 2) throw new Error(`too many hyphens: ${text}`);
    end = ends.length === 2 ? integerOrName(ends[1]!, bounds) : start;
  }
  let step = 1;
  if (parts.length > 2) throw new Error(`too many slashes: ${text}`);
  if (parts.length === 2) {
    step = integer(parts[1]!);
    // `N/step` means `N-max/step`.
    if (ends.length === 1) end = bounds.max;
    if (step > 1) star = false;
  }
  if (start < bounds.min) throw new Error(`beginning of range (${start}) below minimum (${bounds.min}): ${text}`);
  if (end > bounds.max) throw new Error(`end of range (${end}) above maximum (${bounds.max}): ${text}`);
  if (start > end) throw new Error(`beginning of range (${start}) beyond end of range (${end}): ${text}`);
  if (step === 0) throw new Error(`step of range should be a positive number: ${text}`);
  for (let value = start; value <= end; value += step) into.add(value);
  return star;
}

function field(text: string, bounds: Bounds): CronField {
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(',')) if (part !== '' && range(part, bounds, values)) star = true;
  return { values, star };
}

/** Throws an Error with the library's text. A time zone in front is not for this function. */
export function parseCron(schedule: string): CronSchedule {
  if (schedule.startsWith('@')) {
    const fields = DESCRIPTORS[schedule];
    if (fields) return parseCron(fields);
    if (!schedule.startsWith(EVERY)) throw new Error(`unrecognized descriptor: ${schedule}`);
    try {
      // The library rounds down to seconds and is never quicker than one.
      return { everyMs: Math.max(1000, Math.floor(parseDuration(schedule.slice(EVERY.length)) / 1000) * 1000) };
    } catch (error) {
      throw new Error(`failed to parse duration ${schedule}: ${(error as Error).message}`);
    }
  }
  const fields = schedule.trim() === '' ? [] : schedule.trim().split(/\s+/);
  if (fields.length !== 5) throw new Error(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minute, hour, dayOfMonth, month, dayOfWeek] = fields as [string, string, string, string, string];
  return {
    minute: field(minute, MINUTE),
    hour: field(hour, HOUR),
    dayOfMonth: field(dayOfMonth, DAY_OF_MONTH),
    month: field(month, MONTH),
    dayOfWeek: field(dayOfWeek, DAY_OF_WEEK),
  };
}
