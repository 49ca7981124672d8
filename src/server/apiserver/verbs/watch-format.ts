// How one watch event looks to one class of watchers (a version, a shape). Encodings are kept on the event, so that
// watchers who want the same share the bytes.
import { encodeProtobuf, watchFrame } from '../../../api/codec/protobuf-envelope.ts';
import type { Unstructured } from '../../../api/types.ts';
import { encodeWhole } from '../cache/encoding.ts';
import type { Entry } from '../cache/entry.ts';
import type { Negotiated } from '../content/negotiate.ts';
import { includeObject, partial, table, tableRow } from '../content/shapes.ts';
import { bareOf, bytesOf, objectOf } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';

export interface EventFormat {
  /** Events of equal names have equal bytes. */
  name: string;
  /** One event of the stream. */
  encode(type: string, entry: Entry): Buffer;
  /** A bookmark or an error in the stream. */
  mark(type: 'BOOKMARK' | 'ERROR', object: unknown): Buffer;
  /** What an in-process watcher gets. */
  object(entry: Entry): Unstructured;
  bookmark(revision: number, initialEnd: boolean): Unstructured;
}

const LINE_FEED = 0x0a;

/** `{"type":"ADDED","object":` + object + `}` + line feed. */
function line(type: string, object: Buffer): Buffer {
  const head = `{"type":"${type}","object":`;
  const to = Buffer.allocUnsafeSlow(head.length + object.length + 1);
  to.write(head, 0, 'latin1');
  object.copy(to, head.length, 0, object.length - 1);
  to[to.length - 2] = 0x7d;
  to[to.length - 1] = LINE_FEED;
  return to;
}

const encodeLine = (type: string, object: unknown): Buffer => line(type, encodeWhole(object));

/** `json` is of a kind that has a protobuf form: negotiation saw to it. */
const frame = (type: string, json: Buffer): Buffer => watchFrame(type, encodeProtobuf(json)!);
const encodeFrame = (type: string, object: unknown): Buffer => frame(type, encodeWhole(object));

export function eventFormat(context: RequestContext, endpoint: Endpoint, negotiated: Negotiated): EventFormat {
  const protobuf = negotiated.encoding === 'protobuf';
  const mark = protobuf ? encodeFrame : encodeLine;
  const prefix = protobuf ? 'protobuf ' : '';
  const plain: EventFormat = {
    name: prefix + endpoint.apiVersion,
    encode: (type, entry) => (protobuf ? frame : line)(type, bytesOf(entry, endpoint)),
    mark,
    object: (entry) => (negotiated.bare ? bareOf : objectOf)(entry, endpoint),
    bookmark: (revision, initialEnd) => bookmark(endpoint.definition.kind, endpoint.apiVersion, revision, initialEnd),
  };
  if (negotiated.shape === '') return plain;
  const { shapeVersion: version } = negotiated;
  if (negotiated.shape !== 'Table') {
    return {
      name: `${prefix}partial ${version}`,
      encode: (type, entry) => mark(type, partial(entry.object(), version)),
      mark,
      object: (entry) => partial(entry.object(), version) as Unstructured,
      bookmark: (revision, initialEnd) =>
        bookmark('PartialObjectMetadata', `meta.k8s.io/${version}`, revision, initialEnd),
    };
  }
  return tableFormat(context, endpoint, version);
}

/** Only the first event of a stream names the columns, so tables are not shared between watchers. */
function tableFormat(context: RequestContext, endpoint: Endpoint, version: string): EventFormat {
  const include = includeObject(context);
  let headed = false;
  const one = (entry: Entry): object => {
    const object = entry.object();
    const row = tableRow(endpoint, object, () => objectOf(entry, endpoint), include, version, context.server.now());
    const first = !headed;
    headed = true;
    return table(endpoint, version, { resourceVersion: object.metadata.resourceVersion ?? '' }, [row], first);
  };
  return {
    name: '',
    encode: (type, entry) => encodeLine(type, one(entry)),
    mark: encodeLine,
    object: (entry) => one(entry) as Unstructured,
    bookmark: (revision, initialEnd) => {
      const mark = bookmark('PartialObjectMetadata', `meta.k8s.io/${version}`, revision, initialEnd);
      const row = { cells: [], object: mark };
      return table(endpoint, version, { resourceVersion: String(revision) }, [row], false) as Unstructured;
    },
  };
}

function bookmark(kind: string, apiVersion: string, revision: number, initialEnd: boolean): Unstructured {
  const annotations = initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return { kind, apiVersion, metadata: { resourceVersion: String(revision), creationTimestamp: null, ...annotations } };
}
