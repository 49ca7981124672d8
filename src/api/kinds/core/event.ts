// Event: one stored object, served as v1 and as events.k8s.io (where its fields have other names).
// Upstream: pkg/registry/core/event/strategy.go, pkg/apis/core/validation/events.go, pkg/apis/events/v1/conversion.go.
import type { Event as CoreEvent } from 'kubernetes-types/core/v1.js';
import { ageOf } from '../../duration.ts';
import { semanticEqual } from '../../equal.ts';
import { defineKind } from '../../kind.ts';
import { byteLength } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { column, nameColumn, wide } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { IMMUTABLE, dnsSubdomain, qualifiedName } from '../shared/field-rules.ts';
import { type GoFields, goPointer, goStruct } from '../shared/go-structs.ts';

type Event = CoreEvent & { deprecatedSource?: never };

/** events.k8s.io → v1. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
];

function rename(draft: Unstructured, from: 0 | 1, to: 0 | 1): void {
  for (const pair of RENAMED) {
    const value = draft[pair[from]];
    if (value === undefined) continue;
    delete draft[pair[from]];
    draft[pair[to]] = value;
  }
}
const convert = {
  toStorage(draft: Unstructured): void {
    rename(draft, 0, 1);
    draft['involvedObject'] ??= {};
    draft['source'] ??= {};
  },
  fromStorage: (draft: Unstructured): void => rename(draft, 1, 0),
};

/** Events with an eventTime are of the new kind and must say who reports what. Upstream: legacyValidateEvent. */
function validateNewEvent(event: Event, errors: FieldErrors): void {
  const limits = [
    ['reportingInstance', event.reportingInstance],
    ['action', event.action],
    ['reason', event.reason],
  ] as const;
  if (!event.reportingComponent) errors.required('reportingController');
  qualifiedName(errors, 'reportingController', event.reportingComponent ?? '');
  for (const [field, value] of limits) {
    if (!value) errors.required(field);
    else if (byteLength(value) > 128) errors.invalid(field, '', 'can have at most 128 characters');
  }
  if (byteLength(event.message ?? '') > 1024) errors.invalid('message', '', 'can have at most 1024 characters');
}

function validate(event: Event, errors: FieldErrors): void {
  const [namespace, about] = [event.metadata?.namespace ?? '', event.involvedObject?.namespace ?? ''];
  const mismatch = () => errors.invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (!event.eventTime) {
    // What belongs to no namespace is told of in the default one.
    if (about === '' ? namespace !== '' && namespace !== 'default' : about !== namespace) mismatch();
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') mismatch();
    validateNewEvent(event, errors);
  }
  dnsSubdomain(errors, 'namespace', namespace);
}

function validateSeries({ series }: Event, errors: FieldErrors): void {
  if (!series) return;
  if ((series.count ?? 0) < 2) errors.invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) errors.required('series.lastObservedTime');
}

/** events.k8s.io/v1 is strict where v1 never was. Upstream: ValidateEventCreate, ValidateEventUpdate. */
function validateStrictly(event: Event, old: Event | undefined, errors: FieldErrors): void {
  if (old) return validateFixed(event, old, errors);
  dnsSubdomain(errors, 'metadata.name', event.metadata?.name ?? '');
  validateSeries(event, errors);
  if (!event.eventTime) errors.required('eventTime');
  if (event.type !== 'Normal' && event.type !== 'Warning') {
    errors.invalid('type', '', `has invalid value: ${event.type ?? ''}`);
  }
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const) {
    if (event[field]) errors.invalid(field, '', 'needs to be unset');
  }
  if (event.source?.component || event.source?.host) errors.invalid('source', '', 'needs to be unset');
}

/** Only the series may grow; the fields are named as upstream's internal type has them. */
const FIXED = [
  ['involvedObject', 'involvedObject'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const;

const REFERENCE: GoFields = {
  Kind: '',
  Namespace: '',
  Name: '',
  UID: '',
  APIVersion: '',
  ResourceVersion: '',
  FieldPath: '',
};

/** A field as upstream shows it: structs whole, and zeros for what is not there. */
function shownField(event: Event, field: (typeof FIXED)[number][0]): unknown {
  const value = event[field];
  if (field === 'involvedObject') return goStruct(value, REFERENCE);
  if (field === 'related') return goPointer(value, REFERENCE);
  if (field === 'source') return goStruct(value, { Component: '', Host: '' });
  return value ?? (field === 'count' ? 0 : /Time/.test(field) ? null : '');
}

function validateFixed(event: Event, old: Event, errors: FieldErrors): void {
  if (!semanticEqual(event.series, old.series)) validateSeries(event, errors);
  for (const [field, shown] of FIXED) {
    if (!semanticEqual(event[field], old[field])) errors.invalid(shown, shownField(event, field), IMMUTABLE);
  }
}

function firstSeen(event: Event, nowMs: number): string {
  return ageOf(event.firstTimestamp || event.eventTime, nowMs);
}
function lastSeen(event: Event, nowMs: number): string {
  if (event.series) return ageOf(event.series.lastObservedTime, nowMs);
  return event.lastTimestamp ? ageOf(event.lastTimestamp, nowMs) : firstSeen(event, nowMs);
}
function target({ involvedObject }: Event): string {
  const kind = involvedObject?.kind?.toLowerCase() ?? '';
  return involvedObject?.name ? `${kind}/${involvedObject.name}` : kind;
}
function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.host || event.reportingInstance || '';
  return instance ? `${component}, ${instance}` : component;
}

type Reference = 'kind' | 'namespace' | 'name' | 'uid' | 'apiVersion' | 'resourceVersion' | 'fieldPath';
const involved = (field: Reference) => (event: Event) => event.involvedObject?.[field] ?? '';
const FIELDS: readonly Reference[] = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

const group = 'events.k8s.io';

export default defineKind<Event>({
  group: '',
  kind: 'Event',
  plural: 'events',
  short: ['ev'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [
    { group: '', version: 'v1' },
    {
      group,
      version: 'v1',
      convert,
      validate: (e, old, errors) =>
        validateStrictly(e as unknown as Event, old as unknown as Event | undefined, errors),
    },
    {
      group,
      version: 'v1beta1',
      convert,
      deprecated: deprecated({ group, version: 'v1beta1' }, 'Event', '1.22', '1.25', 'events.k8s.io/v1 Event'),
    },
  ],
  // v1 takes any name that a path can have.
  nameRule: 'path',
  generation: false,
  createOnUpdate: true,
  ttlSeconds: 3600,
  validate,
  selectableFields: {
    ...Object.fromEntries(FIELDS.map((field) => [`involvedObject.${field}`, involved(field)])),
    ...Object.fromEntries(FIELDS.map((field) => [`regarding.${field}`, involved(field)])),
    reason: (event) => event.reason ?? '',
    reportingComponent: (event) => event.reportingComponent ?? '',
    reportingController: (event) => event.reportingComponent ?? '',
    source: (event) => event.source?.component || event.reportingComponent || '',
    type: (event) => event.type ?? '',
  },
  columns: [
    column('Last Seen', 'string', texts['Event.lastTimestamp']!, lastSeen),
    column('Type', 'string', texts['Event.type']!, (e) => e.type ?? ''),
    column('Reason', 'string', texts['Event.reason']!, (e) => e.reason ?? ''),
    column('Object', 'string', texts['Event.involvedObject']!, target),
    wide('Subobject', 'string', texts['ObjectReference.fieldPath']!, (e) => e.involvedObject?.fieldPath ?? ''),
    wide('Source', 'string', texts['Event.source']!, source),
    column('Message', 'string', texts['Event.message']!, (e) => e.message?.trim() ?? ''),
    wide('First Seen', 'string', texts['Event.firstTimestamp']!, firstSeen),
    wide('Count', 'string', texts['Event.count']!, (e) => e.series?.count ?? (e.count || 1)),
    { ...nameColumn, priority: 1 },
  ],
});
