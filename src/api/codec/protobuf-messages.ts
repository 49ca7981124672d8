// Kubernetes' protobuf messages as both directions look them up: by field number (protobuf.ts reads) and by the bytes
// of a JSON key (protobuf-writer.ts writes). The facts are protobuf-fields.gen.ts's; nothing here touches a message.
import { protobufFields } from './protobuf-fields.gen.ts';

export const PROTOBUF_CONTENT_TYPE = 'application/vnd.kubernetes.protobuf';

export interface Field {
  readonly number: number;
  /** The JSON key; `^` is a message whose fields JSON shows as the parent's own. */
  readonly name: string;
  /** As in the table, with the package of messages. */
  readonly type: string;
  readonly list: boolean;
  readonly map: boolean;
  /** The type without list and map; for messages their name. */
  readonly item: string;
}

export interface Message {
  readonly byNumber: ReadonlyMap<number, Field>;
  readonly inline: readonly Field[];
  /** By the hash of the JSON key; whoever asks compares the name. */
  readonly byHash: ReadonlyMap<number, Field>;
  /** Of the parts of schemas that may also be something else: JSON shows what is there, without its name. */
  readonly oneOf: OneOf | undefined;
}

/** Field numbers: the schema, and what may stand in its place. */
export interface OneOf {
  schema: number;
  bool?: number;
  list?: number;
}
const ALTERNATIVES: Readonly<Record<string, OneOf>> = {
  JSONSchemaPropsOrArray: { schema: 1, list: 2 },
  JSONSchemaPropsOrBool: { schema: 2, bool: 1 },
  JSONSchemaPropsOrStringArray: { schema: 1, list: 2 },
};

const messages = new Map<string, Message>();

export function messageNamed(name: string): Message {
  let message = messages.get(name);
  if (!message) messages.set(name, (message = build(name)));
  return message;
}

function build(name: string): Message {
  const own = name.slice(0, name.indexOf('.'));
  const rows = (protobufFields[name] ?? '').split(';').filter((row) => row !== '');
  const fields = rows.map((row): Field => {
    const [number, field = '', short = ''] = row.split(' ');
    const type = short.replace(/^(\[\]|\{\})?\./, `$1${own}.`);
    const item = type.replace(/^(\[\]|\{\})/, '').replace(/^\*(?=.)/, '');
    return {
      number: Number(number),
      name: field,
      type,
      list: type.startsWith('[]'),
      map: type.startsWith('{}'),
      item,
    };
  });
  // Maps of lists are no messages that the writer knows; the one that there is is in no stored kind.
  const named = fields.filter((field) => field.name !== '^' && !field.item.startsWith('['));
  const byHash = new Map(named.map((field) => [hashOf(field.name), field]));
  if (byHash.size !== named.length) throw new Error(`two fields of ${name} have one hash`);
  return {
    byNumber: new Map(fields.map((field) => [field.number, field])),
    inline: fields.filter((field) => field.name === '^'),
    byHash,
    oneOf: ALTERNATIVES[name.slice(name.indexOf('.') + 1)],
  };
}

/** Of an ASCII key; the writer computes the same over bytes. */
function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
  return hash;
}

/** `apps/v1.Deployment`; undefined for what has no protobuf form (custom resources, Tables). */
export function messageFor(apiVersion: string, kind: string): string | undefined {
  const name = `${packageOf(apiVersion, kind)}.${kind}`;
  return protobufFields[name] === undefined ? undefined : name;
}

const META_KINDS = new Set(['Status', 'List', 'APIVersions', 'APIGroup', 'APIGroupList', 'APIResourceList']);

/** The folder of a group's Go types: `rbac.authorization.k8s.io/v1` is `rbac/v1`. */
function packageOf(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  if (kind.endsWith('Options') || (apiVersion === 'v1' && META_KINDS.has(kind))) return 'meta/v1';
  if (slash < 0) return `core/${apiVersion}`;
  const group = apiVersion.slice(0, slash);
  // Upstream's v1beta1 names the messages of v1.
  if (group === 'meta.k8s.io') return 'meta/v1';
  // A group of somebody else's that begins alike (apps.example.com) has no messages.
  if (group.includes('.') && !group.endsWith('.k8s.io')) return '';
  return `${group.split('.', 1)[0]!}${apiVersion.slice(slash)}`;
}
