// Events that say the same of different objects, put together for `events --group`: warnings first, the most frequent
// first. Pure.
import type { Event } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../api/duration.ts';

export interface EventGroup {
  type: string;
  reason: string;
  kind: string;
  /** As the latest of them has it. */
  message: string;
  /** How often it was seen, of all objects together. */
  count: number;
  objects: string[];
  /** RFC 3339; of the latest. */
  lastSeen: string;
}

const seenAt = (event: Event): string =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';

/** Names of objects and numbers are what equal messages differ in. */
function keyOf(event: Event): string {
  const { kind = '', name = '' } = event.involvedObject;
  const general = (event.message ?? '').replaceAll(name || '\0', '*').replaceAll(/[0-9a-f]{8,}|\d+/g, '#');
  return [event.type, event.reason, kind, general].join('\0');
}

export function groupEvents(events: readonly Event[]): EventGroup[] {
  const groups = new Map<string, EventGroup & { names: Set<string> }>();
  for (const event of events) {
    const { kind = '', name = '', namespace } = event.involvedObject;
    const key = keyOf(event);
    const [message, lastSeen] = [(event.message ?? '').trim(), seenAt(event)];
    const group = groups.get(key) ?? {
      type: event.type ?? '',
      reason: event.reason ?? '',
      kind,
      message,
      count: 0,
      objects: [],
      lastSeen,
      names: new Set(),
    };
    group.count += event.series?.count ?? event.count ?? 1;
    group.names.add(namespace ? `${namespace}/${name}` : name);
    if (lastSeen >= group.lastSeen) Object.assign(group, { lastSeen, message });
    groups.set(key, group);
  }
  const rank = (g: EventGroup): number => (g.type === 'Warning' ? 0 : 1);
  return [...groups.values()]
    .map(({ names, ...group }) => ({ ...group, objects: [...names].sort() }))
    .sort((a, b) => rank(a) - rank(b) || b.count - a.count || (a.reason < b.reason ? -1 : 1));
}

export const GROUP_HEADERS = ['LAST SEEN', 'TYPE', 'REASON', 'COUNT', 'OBJECT', 'MESSAGE'];

/** `pod/web-0`, or `pod/web-0 and 4 more`. */
export function groupRow(group: EventGroup, nowMs: number): string[] {
  const [first = ''] = group.objects;
  const more = group.objects.length > 1 ? ` and ${group.objects.length - 1} more` : '';
  const object = `${group.kind}/${first.slice(first.indexOf('/') + 1)}${more}`;
  return [ageOf(group.lastSeen, nowMs), group.type, group.reason, String(group.count), object, group.message];
}
