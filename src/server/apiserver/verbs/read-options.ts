// The query parameters of list and watch, parsed and checked together. Upstream: apimachinery/pkg/apis/meta/
// internalversion/validation (ValidateListOptions), apiserver/pkg/storage/etcd3 and cacher.
import { type FieldSelector, everyField, parseFieldSelector } from '../../../api/field-selector.ts';
import { badRequest } from '../../../api/status.ts';
import { type Selector, everything, parseSelector } from '../../../api/selector.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import type { Entry } from '../cache/entry.ts';
import { glanceOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { isTrue } from '../request-info.ts';
import { type ContinueToken, decodeContinue } from './continue.ts';

export interface ReadOptions {
  labels: Selector;
  fields: FieldSelector;
  /** Both selectors at once; undefined when everything is selected. */
  matches: ((entry: Entry) => boolean) | undefined;
  namespace: string | undefined;
  /** When a field selector (or a path) names one object. */
  name: string | undefined;
  /** Undefined: not given. */
  resourceVersion: number | undefined;
  resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  limit: number;
  /** Where a page goes on that is not the first. */
  from: ContinueToken | undefined;
  bookmarks: boolean;
  sendInitialEvents: boolean | undefined;
  timeoutSeconds: number | undefined;
  /** Which objects are selected shows only in the endpoint's version, into which a webhook converts them. */
  converts: boolean;
}

const METADATA: ReadonlySet<string> = new Set(['metadata.name', 'metadata.namespace']);

export function readOptions(context: RequestContext, endpoint: Endpoint, watching: boolean): ReadOptions {
  const { query } = context.request;
  const { labels, fields } = selectors(query, endpoint);
  const options: ReadOptions = {
    labels,
    fields,
    matches: undefined,
    namespace: endpoint.namespaced && context.info.namespace !== '' ? context.info.namespace : undefined,
    name: fields.requires('metadata.name') ?? (context.info.name || undefined),
    resourceVersion: undefined,
    resourceVersionMatch: (query.get('resourceVersionMatch') ?? '') as ReadOptions['resourceVersionMatch'],
    limit: parseCount(query.get('limit')) ?? 0,
    from: undefined,
    bookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
    timeoutSeconds: parseCount(query.get('timeoutSeconds')),
    converts: endpoint.kind.converter !== undefined && fields.terms.some(({ field }) => !METADATA.has(field)),
  };
  const revision = query.get('resourceVersion') ?? '';
  const token = watching ? '' : (query.get('continue') ?? '');
  checkCombination(options, { watching, revision, token: query.get('continue') ?? '' });
  if (token !== '') options.from = decodeContinue(token, revision);
  else options.resourceVersion = parseRevision(revision, watching ? '' : 'invalid resource version: ');
  checkName(context.info.name, fields);
  options.matches = onlyNamed(context.info.name, matcher(endpoint, labels, fields));
  return options;
}

/** The old path of a watch names an object. Upstream: handlers/get.go, ListResource (hasName). */
function checkName(name: string, fields: FieldSelector): void {
  if (name === '' || fields.terms.length === 0 || fields.requires('metadata.name') === name) return;
  throw badRequest("fieldSelector metadata.name doesn't match requested name");
}

function parseCount(value: string | null): number | undefined {
  if (value === null || value === '') return undefined;
  const digits = /^[-+]?\d+$/.test(value);
  const count = Number(value);
  if (digits && Number.isSafeInteger(count)) return count;
  const why = digits ? 'value out of range' : 'invalid syntax';
  throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: ${why}`);
}

/** `before` stands before what is wrong with it. */
export function parseRevision(value: string | null, before = ''): number | undefined {
  if (value === null || value === '') return undefined;
  const revision = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(revision)) return revision;
  const errors = new FieldErrors();
  errors.invalid('resourceVersion', value, `strconv.ParseUint: parsing ${JSON.stringify(value)}: invalid syntax`);
  const body = errors.list[0]!;
  throw badRequest(`${before}${body.field}: ${body.body}`);
}

function selectors(query: URLSearchParams, endpoint: Endpoint): { labels: Selector; fields: FieldSelector } {
  const labelText = query.get('labelSelector');
  const fieldText = query.get('fieldSelector');
  try {
    const labels = labelText ? parseSelector(labelText) : everything;
    const fields = fieldText ? parseFieldSelector(fieldText) : everyField;
    const known = endpoint.definition.selectableFields;
    for (const { field } of fields.terms) {
      if (field === 'metadata.name' || (field === 'metadata.namespace' && knowsNamespace(endpoint))) continue;
      if (known && Object.hasOwn(known, field)) continue;
      throw new Error(unknownField(endpoint, field));
    }
    return { labels, fields };
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/** Upstream's DefaultMetaV1FieldSelectorConversion knows it for all kinds, whose own conversions only where there is one. */
const knowsNamespace = ({ definition, kind, namespaced }: Endpoint): boolean =>
  namespaced || (!definition.selectableFields && !kind.custom);

/** Kinds with selectable fields of their own are worded by their own conversion function upstream. */
function unknownField(endpoint: Endpoint, field: string): string {
  const { definition, kind } = endpoint;
  if (definition.unknownField) return definition.unknownField(field, endpoint.apiVersion);
  if (definition.selectableFields || kind.custom) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

/** Before a revision or a token is read. */
function checkCombination(
  options: ReadOptions,
  { watching, revision, token }: { watching: boolean; revision: string; token: string },
): void {
  const errors = new FieldErrors();
  const { resourceVersionMatch: match } = options;
  const forbid = (why: string) => errors.forbidden('resourceVersionMatch', why);
  if (watching && options.sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    forbid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  }
  if (match !== '') {
    if (watching && options.sendInitialEvents === undefined) {
      forbid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
    }
    if (watching && match !== 'NotOlderThan') errors.notSupported('resourceVersionMatch', match, ['NotOlderThan']);
    if (!watching && revision === '') {
      forbid('resourceVersionMatch is forbidden unless resourceVersion is provided');
    }
    if (token !== '') forbid('resourceVersionMatch is forbidden when continue is provided');
    if (!watching && match !== 'Exact' && match !== 'NotOlderThan') {
      errors.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']);
    }
    if (!watching && match === 'Exact' && revision === '0') {
      forbid('resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (!watching && options.sendInitialEvents !== undefined) {
    errors.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list');
  }
  if (!errors.empty) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors);
}

/** The old `/watch/…/pods/a` was authorised for that one name, and shows no other. */
function onlyNamed(name: string, matches: ReadOptions['matches']): ReadOptions['matches'] {
  if (name === '') return matches;
  return (entry) => entry.name === name && (!matches || matches(entry));
}

/** One test for an entry, made once per request. */
function matcher(endpoint: Endpoint, labels: Selector, fields: FieldSelector): ReadOptions['matches'] {
  const byField = fields.empty
    ? undefined
    : (entry: Entry): boolean =>
        fields.matches((field) => {
          if (field === 'metadata.name') return entry.name;
          if (field === 'metadata.namespace') return entry.namespace;
          return entry.fields(endpoint.fields, () => glanceOf(entry, endpoint))[field] ?? '';
        });
  if (labels.empty) return byField;
  if (!byField) return (entry) => labels.matches(entry.labels);
  return (entry) => labels.matches(entry.labels) && byField(entry);
}
