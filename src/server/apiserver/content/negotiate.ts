// Content negotiation: which of our encodings an Accept header asks for, and whether as a Table or as metadata only.
// Upstream: apiserver/pkg/endpoints/handlers/negotiation/negotiate.go.
import { PROTOBUF_CONTENT_TYPE, messageFor } from '../../../api/codec/protobuf-messages.ts';
import { StatusError } from '../../../api/status.ts';
import { SHARED_CONTENT_TYPE } from '../../../wire/http.ts';

export type Encoding = 'json' | 'yaml' | 'protobuf' | 'shared';
export type Shape = '' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface Negotiated {
  encoding: Encoding;
  shape: Shape;
  /** The meta.k8s.io version of a Table or of partial metadata. */
  shapeVersion: string;
  /** The aggregated discovery version that was asked for. */
  discovery: '' | 'v2' | 'v2beta1';
  pretty: boolean;
  /** Objects may lack their managedFields. */
  bare: boolean;
  contentType: string;
}

const PLAIN: Negotiated = {
  encoding: 'json',
  shape: '',
  shapeVersion: '',
  discovery: '',
  pretty: false,
  bare: false,
  contentType: 'application/json',
};
const SHARED: Negotiated = { ...PLAIN, encoding: 'shared', contentType: SHARED_CONTENT_TYPE };
const SHARED_BARE: Negotiated = { ...SHARED, bare: true };
const SUPPORTED = ['application/json', 'application/yaml'];
const ALL = [...SUPPORTED, PROTOBUF_CONTENT_TYPE];
const PROTOBUF: Negotiated = { ...PLAIN, encoding: 'protobuf', contentType: PROTOBUF_CONTENT_TYPE };
const SHAPES = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);

interface Clause {
  type: string;
  parameters: Map<string, string>;
  quality: number;
}

function parseAccept(header: string): Clause[] {
  const clauses: Clause[] = [];
  for (const part of header.split(',')) {
    const [type, ...rest] = part.split(';');
    const clause: Clause = { type: type!.trim().toLowerCase(), parameters: new Map(), quality: 1 };
    for (const parameter of rest) {
      const equals = parameter.indexOf('=');
      if (equals < 0) continue;
      const name = parameter.slice(0, equals).trim();
      const value = parameter.slice(equals + 1).trim();
      if (name === 'q') clause.quality = Number(value) || 0;
      else clause.parameters.set(name, value);
    }
    if (clause.type !== '') clauses.push(clause);
  }
  // Stable: equal qualities keep the client's order.
  return clauses.sort((a, b) => b.quality - a.quality);
}

function accepts(clause: Clause, protobuf: Protobuf): Negotiated | undefined {
  const { type, parameters } = clause;
  if (type === SHARED_CONTENT_TYPE) return parameters.get('managedFields') === 'none' ? SHARED_BARE : SHARED;
  if (type === PROTOBUF_CONTENT_TYPE) return acceptsProtobuf(parameters, protobuf);
  const yaml = type === 'application/yaml' || type === 'application/x-yaml' || type === 'text/yaml';
  if (type !== 'application/json' && !yaml && type !== '*/*' && type !== 'application/*') return undefined;
  const stream = parameters.get('stream');
  if (stream && (yaml || stream !== 'watch')) return undefined;
  const encoding: Encoding = yaml ? 'yaml' : 'json';
  const base: Negotiated = {
    ...PLAIN,
    encoding,
    contentType: yaml ? 'application/yaml' : 'application/json',
    pretty: parameters.get('pretty') === '1',
  };
  const as = parameters.get('as');
  if (as === undefined) return parameters.has('g') || parameters.has('v') ? undefined : base;
  const [group, version] = [parameters.get('g') ?? '', parameters.get('v') ?? ''];
  if (group === 'apidiscovery.k8s.io' && as === 'APIGroupDiscoveryList') {
    if (version !== 'v2' && version !== 'v2beta1') return undefined;
    return { ...base, discovery: version, contentType: `${base.contentType};g=${group};v=${version};as=${as}` };
  }
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1') || !SHAPES.has(as)) return undefined;
  return { ...base, shape: as as Shape, shapeVersion: version };
}

/** What can be answered in protobuf: nothing, the metadata of any object, or the objects themselves too. */
type Protobuf = 'none' | 'metadata' | 'objects';

/** A Table has no protobuf form. */
function acceptsProtobuf(parameters: Clause['parameters'], protobuf: Protobuf): Negotiated | undefined {
  const as = parameters.get('as');
  const [group, version] = [parameters.get('g'), parameters.get('v')];
  if (as === undefined)
    return protobuf === 'objects' && group === undefined && version === undefined ? PROTOBUF : undefined;
  const partial = as.startsWith('PartialObjectMetadata') && SHAPES.has(as);
  if (protobuf === 'none' || !partial || group !== 'meta.k8s.io') return undefined;
  if (version !== 'v1' && version !== 'v1beta1') return undefined;
  return { ...PROTOBUF, shape: as as Shape, shapeVersion: version };
}

/** Headers that clients send are few, so answers are remembered. */
const remembered = { none: new Map(), metadata: new Map(), objects: new Map() } satisfies Record<
  Protobuf,
  Map<string, Negotiated | null>
>;

/** For answers that are objects of an endpoint's kind: only built-in kinds have a protobuf form. Throws NotAcceptable. */
export function negotiateFor(accept: string | undefined, endpoint: KindOfVersion): Negotiated {
  return isPlain(accept) ? PLAIN : negotiate(accept, protobufOf(endpoint));
}

interface KindOfVersion {
  readonly apiVersion: string;
  readonly kind: { readonly definition: { readonly kind: string } };
}

const protobufOf = ({ apiVersion, kind }: KindOfVersion): Protobuf =>
  messageFor(apiVersion, kind.definition.kind) === undefined ? 'metadata' : 'objects';

/** For answers that are no stored object (reviews, tokens): they have no table and no metadata of their own. */
export function negotiatePlain(accept: string | undefined): Negotiated {
  if (!accept?.includes(';')) return negotiate(accept, 'objects');
  const clauses = accept.split(',').filter((clause) => !/;\s*as\s*=/.test(clause));
  return negotiate(clauses.length > 0 ? clauses.join(',') : 'none', 'objects');
}

const isPlain = (accept: string | undefined): accept is undefined | '' | '*/*' | 'application/json' =>
  accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json';

/** Throws NotAcceptable. */
export function negotiate(accept: string | undefined, protobuf: Protobuf = 'none'): Negotiated {
  const found = find(accept, protobuf);
  if (found) return found;
  throw notAcceptable(protobuf === 'none' ? SUPPORTED : ALL);
}

/** For a stream of events, which YAML has none of; what no object has either is refused as for objects. */
export function negotiateStream(accept: string | undefined, endpoint: KindOfVersion): Negotiated {
  const found = negotiateFor(accept, endpoint);
  if (found.encoding !== 'yaml') return found;
  throw notAcceptable(['application/json', PROTOBUF_CONTENT_TYPE].map((type) => `${type};stream=watch`));
}

const notAcceptable = (types: readonly string[]): StatusError =>
  new StatusError('NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);

function find(accept: string | undefined, protobuf: Protobuf): Negotiated | undefined {
  if (isPlain(accept)) return PLAIN;
  const known = remembered[protobuf] as Map<string, Negotiated | null>;
  let found = known.get(accept);
  if (found === undefined) {
    found = null;
    for (const clause of parseAccept(accept)) {
      if (clause.quality === 0) continue;
      const match = accepts(clause, protobuf);
      if (!match) continue;
      found = match;
      break;
    }
    if (known.size > 500) known.clear();
    if (accept.length < 1000) known.set(accept, found);
  }
  return found ?? undefined;
}

/** A Status has no other shape: who accepts nothing but a Table gets JSON. Upstream: DefaultEndpointRestrictions. */
export const forErrors = (accept: string | undefined): Negotiated => {
  try {
    return negotiatePlain(accept);
  } catch {
    return PLAIN;
  }
};
