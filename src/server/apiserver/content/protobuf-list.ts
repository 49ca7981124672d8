// The body of a list in protobuf, written from the cached JSON of each object. The envelope says the length of all of it
// first, so a list is written whole before it is sent, in slices between which other requests have their turn.
import { setImmediate } from 'node:timers/promises';
import { stringifyJson } from '../../../api/codec/json.ts';
import { messageFor } from '../../../api/codec/protobuf-messages.ts';
import { ENVELOPE_TAIL, envelopeHead } from '../../../api/codec/protobuf-envelope.ts';
import { ProtobufWriter } from '../../../api/codec/protobuf-writer.ts';
import type { ListMeta } from '../../../api/types.ts';
import type { Entry } from '../cache/entry.ts';
import type { Endpoint } from '../registry.ts';
import { bytesOf } from './view.ts';

const CHUNK_BYTES = 1 << 20;
const SLICE_MS = 5;
/** Of every list: metadata = 1, items = 2. */
const [METADATA, ITEMS] = [1, 2];

/** Undefined when the kind has no protobuf form. */
export async function protobufList(
  envelope: { kind: string; apiVersion: string; metadata: ListMeta },
  entries: readonly Entry[],
  endpoint: Endpoint,
): Promise<Buffer[] | undefined> {
  const { kind, apiVersion, metadata } = envelope;
  const item = messageFor(apiVersion, endpoint.definition.kind);
  if (item === undefined) return undefined;
  const writer = new ProtobufWriter(entries.length > 100 ? CHUNK_BYTES : 64 * 1024, true);
  const chunks: Buffer[] = [];
  let size = 0;
  const cut = (): void => {
    const chunk = writer.take();
    size += chunk.length;
    chunks.push(chunk);
  };
  writer.nested(METADATA, Buffer.from(stringifyJson(metadata)), 'meta/v1.ListMeta');
  let slice = performance.now();
  for (const entry of entries) {
    writer.nested(ITEMS, bytesOf(entry, endpoint), item);
    if (writer.length < CHUNK_BYTES - 64 * 1024) continue;
    cut();
    if (performance.now() - slice < SLICE_MS) continue;
    await setImmediate();
    slice = performance.now();
  }
  cut();
  return [envelopeHead(apiVersion, kind, size), ...chunks, ENVELOPE_TAIL];
}
