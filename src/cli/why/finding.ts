// What `why` and `wait --for=done` say: one thing that is wrong (or that explains what one sees), and what to do next.
import type { Event } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../../api/types.ts';
import type { Cluster } from '../cluster.ts';

export interface Finding {
  /** `error`: does not work. `warning`: may be the reason, or will be one. `info`: explains. */
  severity: 'error' | 'warning' | 'info';
  /** `pod/web-0`, or `pod/web-0 container app`. */
  about: string;
  /** One word: `CrashLoopBackOff`. */
  reason: string;
  message: string;
  /** What it usually means. */
  hint?: string;
  /** A command to type, without the program's name. */
  next?: string;
  /** Lines that tell more, as they are (the last words of a container). */
  details?: string[];
}

/** Reads that may be refused: what cannot be read explains nothing, and is no failure. */
export interface WhyContext {
  cluster: Cluster;
  nowMs: number;
  read<T>(path: string, query?: Record<string, string | number | undefined>): Promise<T | undefined>;
  text(path: string, query?: Record<string, string | number | boolean | undefined>): Promise<string | undefined>;
  /** True when the server says that there is no such object; false when it is there or may not be read. */
  isAbsent(path: string): Promise<boolean>;
  /** Warnings about the object, the latest first. */
  warnings(object: Unstructured): Promise<Event[]>;
}

export const lastSeen = (event: Event): number =>
  Date.parse(event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? '') || 0;

const quote = (text: string): string => encodeURIComponent(text);
/** The path of core objects: `core('ns', 'pods', 'x')`. */
export const core = (namespace: string, plural: string, name = ''): string =>
  `/api/v1/namespaces/${quote(namespace)}/${plural}${name === '' ? '' : `/${quote(name)}`}`;

/** ` -n x`, unless it is the namespace in use. */
export const inNamespace = (context: WhyContext, namespace: string | undefined): string =>
  namespace === undefined || namespace === context.cluster.namespace ? '' : ` -n ${namespace}`;
