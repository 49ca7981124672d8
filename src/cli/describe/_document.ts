// The page that a describer writes: indented lines with tab-separated columns, aligned when it is finished.
// Upstream: kubectl/pkg/describe PrefixWriter, tabbedString.
import { tabulate } from '../print/tabwriter.ts';

export class Document {
  private text = '';

  /** Text at a level of indentation, as it is: line ends and tabs included. */
  write(level: number, text: string): void {
    this.text += '  '.repeat(level) + text;
  }

  /** One line. */
  line(level: number, text: string): void {
    this.write(level, `${text}\n`);
  }

  /** `Label:\tvalue` */
  field(level: number, label: string, value: unknown): void {
    this.line(level, `${label}:\t${String(value)}`);
  }

  /** Without alignment, tabs and all. */
  get raw(): string {
    return this.text;
  }

  toString(): string {
    return tabulate(this.text);
  }
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (n: number): string => String(n).padStart(2, '0');

/** `Mon, 02 Jan 2006 15:04:05 -0700` in the local zone; Go's zero time for none. */
export function rfc1123z(timestamp: string | null | undefined): string {
  const date = timestamp ? new Date(timestamp) : undefined;
  if (!date || Number.isNaN(date.getTime())) return 'Mon, 01 Jan 0001 00:00:00 +0000';
  const offset = -date.getTimezoneOffset();
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${days[date.getDay()]}, ${two(date.getDate())} ${months[date.getMonth()]} ${date.getFullYear()}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`;
}

/** `2006-01-02 15:04:05 -0700 MST` in the local zone, as Go prints a time. */
export function goTime(timestamp: string | null | undefined): string {
  const date = timestamp ? new Date(timestamp) : undefined;
  if (!date || Number.isNaN(date.getTime())) return '0001-01-01 00:00:00 +0000 UTC';
  const [, day, month, year, time, offset] = rfc1123z(timestamp).split(' ');
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(date);
  const name = zone.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
  return `${year}-${two(months.indexOf(month!) + 1)}-${day} ${time} ${offset} ${name}`;
}

export const boolText = (value: boolean | undefined): string => (value ? 'True' : 'False');
export const orNone = (text: string): string => (text === '' ? '<none>' : text);
