// Prometheus' text format: families of samples written as text, and read back. Knows no metric by name.
// https://prometheus.io/docs/instrumenting/exposition_formats/

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;
export type Sample = readonly [labels: Labels, value: number];

const escapeValue = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

export function sampleLine(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeValue(text)}"`);
  return `${name}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${valueText(value)}\n`;
}

const valueText = (value: number): string =>
  value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : Number.isNaN(value) ? 'NaN' : String(value);

export const familyHead = (name: string, type: 'counter' | 'gauge' | 'histogram', help: string): string =>
  `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;

/** A counter or gauge with all its samples. */
export function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  return familyHead(name, type, help) + samples.map(([labels, value]) => sampleLine(name, labels, value)).join('');
}

/** The lines of one histogram: `counts` are of each bucket alone, the last one is what is beyond the last bound. */
export function histogramLines(
  name: string,
  labels: Labels,
  bounds: readonly number[],
  counts: ArrayLike<number>,
  sum: number,
): string {
  let text = '';
  let total = 0;
  for (let i = 0; i < bounds.length; i++) {
    total += counts[i]!;
    text += sampleLine(`${name}_bucket`, { ...labels, le: valueText(bounds[i]!) }, total);
  }
  total += counts[bounds.length]!;
  text += sampleLine(`${name}_bucket`, { ...labels, le: '+Inf' }, total);
  return text + sampleLine(`${name}_sum`, labels, sum) + sampleLine(`${name}_count`, labels, total);
}

export interface ParsedSample {
  name: string;
  labels: Record<string, string>;
  value: number;
  /** Milliseconds since the epoch, when the line says so. */
  timestampMs: number | undefined;
}

/** Reads samples; comments and lines that are no samples are passed over. */
export function parseExposition(text: string): ParsedSample[] {
  const samples: ParsedSample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const sample = parseLine(line);
    if (sample) samples.push(sample);
  }
  return samples;
}

const UNESCAPED: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

function parseLine(line: string): ParsedSample | undefined {
  const open = line.indexOf('{');
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  const blank = line.indexOf(' ');
  let at = open >= 0 && (blank < 0 || open < blank) ? open : blank;
  if (at < 0) return undefined;
  const name = line.slice(0, at);
  if (line[at] === '{') {
    at++;
    while (line[at] !== '}') {
      const equals = line.indexOf('="', at);
      if (equals < 0) return undefined;
      const label = line.slice(at, equals).trim();
      let value = '';
      for (at = equals + 2; line[at] !== '"'; at++) {
        if (at >= line.length) return undefined;
        if (line[at] === '\\') value += UNESCAPED[line[++at] ?? ''] ?? '';
        else value += line[at];
      }
      labels[label] = value;
      at++;
      while (line[at] === ',' || line[at] === ' ') at++;
      if (at >= line.length) return undefined;
    }
    at++;
  }
  const [value = '', timestamp] = line.slice(at).trim().split(/\s+/);
  const number = value === '+Inf' ? Infinity : value === '-Inf' ? -Infinity : Number(value);
  if (value === '' || (Number.isNaN(number) && value !== 'NaN')) return undefined;
  return { name, labels, value: number, timestampMs: timestamp === undefined ? undefined : Number(timestamp) };
}
