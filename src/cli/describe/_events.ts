// The events of an object, at the end of its page. Upstream: kubectl/pkg/describe DescribeEvents, searchEvents.
import type { Event } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../api/duration.ts';
import type { KubeObject } from '../../api/types.ts';
import type { DescribeContext } from './types.ts';
import { Document } from './_document.ts';

export interface EventTarget {
  name?: string;
  namespace?: string;
  kind?: string;
  uid?: string;
}

export async function findEvents(context: DescribeContext, target: EventTarget): Promise<Event[]> {
  const { name = '', namespace = '', kind, uid } = target;
  const fields = [
    `involvedObject.name=${name}`,
    `involvedObject.namespace=${namespace}`,
    ...(kind ? [`involvedObject.kind=${kind}`] : []),
    ...(uid ? [`involvedObject.uid=${uid}`] : []),
  ];
  const path = namespace ? `/api/v1/namespaces/${encodeURIComponent(namespace)}/events` : '/api/v1/events';
  const found: Event[] = [];
  let next: string | undefined;
  do {
    const page = await context.cluster.json<{ items?: Event[]; metadata: { continue?: string } }>('GET', path, {
      query: { fieldSelector: fields.join(','), limit: context.chunkSize || undefined, continue: next },
    });
    found.push(...(page.items ?? []));
    next = page.metadata.continue || undefined;
  } while (next);
  return found;
}

/** Writes the events of an object; a server that does not let them be read has none. */
export async function eventLines(doc: Document, object: KubeObject, context: DescribeContext): Promise<void> {
  if (!context.showEvents) return;
  const { name, namespace, uid } = object.metadata ?? {};
  try {
    writeEvents(doc, await findEvents(context, { name, namespace, kind: object.kind, uid }), context.nowMs);
  } catch {
    return;
  }
}

/** A pod that is not there may have left events; undefined when there is nothing to tell. Upstream: PodDescriber. */
export async function describeAbsent(
  kind: string,
  target: EventTarget,
  error: unknown,
  context: DescribeContext,
): Promise<string | undefined> {
  if (kind !== 'Pod' || !context.showEvents) return undefined;
  const { name, namespace } = target;
  const events = await findEvents(context, { name, namespace }).catch(() => []);
  if (events.length === 0) return undefined;
  const doc = new Document();
  doc.line(0, `Pod '${name}': error '${error instanceof Error ? error.message : String(error)}', but found events.`);
  writeEvents(doc, events, context.nowMs);
  return doc.toString();
}

export function writeEvents(doc: Document, events: readonly Event[], nowMs: number): void {
  if (events.length === 0) return doc.line(0, 'Events:\t<none>');
  const last = (e: Event): number => (e.lastTimestamp ? Date.parse(e.lastTimestamp) : 0);
  doc.line(0, 'Events:\n  Type\tReason\tAge\tFrom\tMessage');
  doc.line(1, '----\t------\t----\t----\t-------');
  for (const event of [...events].sort((a, b) => last(a) - last(b))) {
    const source = event.source?.component || (event.reportingComponent ?? '');
    const message = (event.message ?? '').trim();
    doc.line(1, `${event.type ?? ''}\t${event.reason ?? ''}\t${interval(event, nowMs)}\t${source}\t${message}`);
  }
}

/** `5s`, or `5s (x3 over 2m)`. */
export function interval(event: Event, nowMs: number): string {
  const first = event.eventTime ? ageOf(event.eventTime, nowMs) : ageOf(event.firstTimestamp, nowMs);
  if (event.series) return `${ageOf(event.series.lastObservedTime, nowMs)} (x${event.series.count} over ${first})`;
  if ((event.count ?? 0) > 1) return `${ageOf(event.lastTimestamp, nowMs)} (x${event.count} over ${first})`;
  return first;
}
