// Events as Go's typed structs print them: every field that has no omitempty, in the order of the struct.
// Upstream: k8s.io/api/core/v1 Event, printed by kubectl/pkg/cmd/events.
import type { Event } from 'kubernetes-types/core/v1.js';
import { META_ORDER, inOrder } from '../api/go-order.ts';
import type { Unstructured } from '../api/types.ts';

const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

export function typedEvent(event: Event): Unstructured {
  const { metadata, involvedObject, reason, message, source, count, type, eventTime, series, action, related } = event;
  const given = <T>(name: string, value: T | undefined): Record<string, T> =>
    value === undefined ? {} : { [name]: value };
  return {
    kind: 'Event',
    apiVersion: 'v1',
    metadata: inOrder(metadata, META_ORDER),
    involvedObject: inOrder(involvedObject, REFERENCE),
    ...given('reason', reason),
    ...given('message', message),
    source: source ?? {},
    firstTimestamp: event.firstTimestamp ?? null,
    lastTimestamp: event.lastTimestamp ?? null,
    ...given('count', count),
    ...given('type', type),
    eventTime: eventTime ?? null,
    ...given('series', series),
    ...given('action', action),
    ...(related ? { related: inOrder(related, REFERENCE) } : {}),
    reportingComponent: event.reportingComponent ?? '',
    reportingInstance: event.reportingInstance ?? '',
  } as unknown as Unstructured;
}

export const typedEventList = (events: readonly Event[]): Unstructured =>
  ({ kind: 'EventList', apiVersion: 'v1', metadata: {}, items: events.map(typedEvent) }) as unknown as Unstructured;
