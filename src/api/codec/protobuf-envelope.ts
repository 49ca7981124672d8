// Kubernetes' protobuf envelope: what stands around a message in answers and in watches. The messages are
// protobuf-writer.ts's. Upstream: apimachinery/pkg/runtime/serializer/protobuf/protobuf.go.
import { messageFor } from './protobuf-messages.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

const MAGIC = Buffer.from('k8s\0');
/** contentEncoding and contentType are empty strings. */
export const ENVELOPE_TAIL = Buffer.from([0x1a, 0, 0x22, 0]);

/** Everything before a message of that length: the magic, its type, the key of `raw`. */
export function envelopeHead(apiVersion: string, kind: string, rawLength: number): Buffer {
  const type = new ProtobufWriter(256);
  type.text(1, apiVersion);
  type.text(2, kind);
  const head = new ProtobufWriter(256);
  head.raw(MAGIC);
  head.bytes(1, type.take());
  head.head(2, rawLength);
  return head.take();
}

const TYPE = /^\{(?:"kind":"([^"\\]*)","apiVersion":"([^"\\]*)"|"apiVersion":"([^"\\]*)","kind":"([^"\\]*)")/;

/** A whole answer from an object's JSON; undefined when its kind has no protobuf form. */
export function encodeProtobuf(json: Uint8Array): Buffer | undefined {
  const start = Buffer.from(json.buffer, json.byteOffset, Math.min(json.byteLength, 300)).toString('latin1');
  const found = TYPE.exec(start);
  if (!found) return undefined;
  const kind = found[1] ?? found[4]!;
  const apiVersion = found[2] ?? found[3]!;
  const message = messageFor(apiVersion, kind);
  if (message === undefined) return undefined;
  const writer = new ProtobufWriter(json.byteLength + 256);
  writer.message(json, message);
  const raw = writer.take();
  return Buffer.concat([envelopeHead(apiVersion, kind, raw.length), raw, ENVELOPE_TAIL]);
}

/** One frame of a watch: its length in four bytes, and a WatchEvent { type = 1, object = 2 { raw = 1 } }. */
export function watchFrame(type: string, object: Uint8Array): Buffer {
  const inner = new ProtobufWriter(16);
  inner.head(1, object.length);
  const key = inner.take();
  const writer = new ProtobufWriter(64);
  writer.raw(new Uint8Array(4));
  writer.text(1, type);
  writer.head(2, key.length + object.length);
  writer.raw(key);
  const head = writer.take();
  head.writeUInt32BE(head.length - 4 + object.length, 0);
  return Buffer.concat([head, object]);
}
