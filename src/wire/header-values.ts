// The values of a request header one by one, as they were sent. Node joins repeated headers with commas, and a value may
// have commas of its own: where a header says who somebody is, the difference is a group that nobody gave him.
import type { Request } from './http.ts';

type Sent = Pick<Request, 'headers' | 'rawHeaders'>;

/** In their order; empty without such a header. `name` in lower case. */
export function headerValues({ headers, rawHeaders }: Sent, name: string): string[] {
  const joined = headers[name];
  if (joined === undefined) return [];
  if (rawHeaders === undefined) return [decoded(joined)];
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const sent = rawHeaders[i]!;
    if (sent.length === name.length && sent.toLowerCase() === name) values.push(decoded(rawHeaders[i + 1]!));
  }
  return values;
}

/** Header values are bytes, which Node shows as Latin-1; what they say is UTF-8. */
function decoded(value: string): string {
  let highest = 0;
  for (let i = 0; i < value.length; i++) highest = Math.max(highest, value.charCodeAt(i));
  return highest < 0x80 || highest > 0xff ? value : Buffer.from(value, 'latin1').toString('utf8');
}
