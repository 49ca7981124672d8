// A line of a log as it is printed: as kubectl prints it, its prefix coloured by pod on a terminal, or as JSON.
import type { Paint } from '../print/style.ts';

export interface LogSource {
  pod: string;
  namespace: string;
  container: string;
}

/** What a node writes before a line when timestamps were asked for. */
export function splitTimestamp(line: string): { time?: string; text: string } {
  const match = /^(\d{4}-\d\d-\d\dT\S+?(?:Z|[+-]\d\d:\d\d)) ?/.exec(line);
  return match ? { time: match[1]!, text: line.slice(match[0].length) } : { text: line };
}

export interface LineOptions {
  json: boolean;
  prefix: boolean;
  /** Show the time. It is known only if `stamped`. */
  timestamps: boolean;
  /** Lines come with a timestamp. */
  stamped: boolean;
  /** With more than one namespace a pod's name is not enough. */
  withNamespace?: boolean;
}

/** Pods get their colours in the order in which they speak. */
export function linePrinter(options: LineOptions, paint: Paint): (source: LogSource, line: string) => string {
  const { json, prefix, timestamps, stamped, withNamespace } = options;
  const colours = new Map<string, number>();
  const prefixOf = ({ namespace, pod, container }: LogSource): string => {
    const key = `${namespace}/${pod}`;
    if (!colours.has(key)) colours.set(key, colours.size);
    const name = withNamespace ? key : pod;
    return paint.nth(colours.get(key)!, `[pod/${name}/${container}]`);
  };
  return (source, line) => {
    const { time, text } = stamped ? splitTimestamp(line) : { time: undefined, text: line };
    if (json) {
      const { namespace, pod, container } = source;
      return `${JSON.stringify({ ...(time ? { time } : {}), namespace, pod, container, message: text })}\n`;
    }
    const shown = stamped && !timestamps ? text : line;
    return `${prefix ? `${prefixOf(source)} ` : ''}${shown}\n`;
  };
}
