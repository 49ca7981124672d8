// The bodies of lists. JSON is made by copying the cached bytes of each object into a few large chunks; nothing is
// stringified but the envelope.
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { stringifyJson } from '../../../api/codec/json.ts';
import type { ListMeta } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import { encodeWhole, freeze } from '../cache/encoding.ts';
import type { Entry } from '../cache/entry.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import type { Negotiated } from './negotiate.ts';
import { GZIP_FROM_BYTES, acceptsGzip, baseHeaders, objectResponse, wantsPretty } from './respond.ts';
import { columnDefinitions, includeObject, otherShape, partial, tableRow } from './shapes.ts';
import { protobufList } from './protobuf-list.ts';
import { partialItems, tableRows } from './shaped-body.ts';
import { bareOf, bytesOf, objectOf, prepareViews } from './view.ts';

const CHUNK_BYTES = 1 << 20;

interface Page {
  entries: Entry[];
  metadata: ListMeta;
}

export async function listResponse(
  context: RequestContext,
  endpoint: Endpoint,
  page: Page,
  negotiated: Negotiated,
): Promise<Response> {
  const { entries, metadata } = page;
  // Metadata alone is the same in all versions.
  if (endpoint.kind.converter && !negotiated.shape.startsWith('Partial')) await prepareViews(entries, endpoint);
  if (negotiated.shape !== '') return shapedList(context, endpoint, page, negotiated);
  const { kind, listKind } = endpoint.definition;
  const envelope = { kind: listKind ?? `${kind}List`, apiVersion: endpoint.apiVersion, metadata };
  if (negotiated.encoding === 'protobuf') {
    const chunks = await protobufList(envelope, entries, endpoint);
    if (chunks) return chunked(context, negotiated, sizeOf(chunks), () => chunks.values());
  }
  const shown = negotiated.bare ? bareOf : objectOf;
  const items = () => entries.map((entry) => shown(entry, endpoint));
  if (negotiated.encoding !== 'json' || wantsPretty(context, negotiated)) {
    return objectResponse(context, 200, () => freeze({ ...envelope, items: items() }), negotiated);
  }
  const head = stringifyJson(envelope).slice(0, -1) + ',"items":[';
  const strip = endpoint.kind.custom ? undefined : typePrefix(endpoint);
  let size = head.length + 3;
  for (const entry of entries) size += bytesOf(entry, endpoint).length;
  const chunks = () => concat(head, entries, endpoint, strip);
  return chunked(context, negotiated, size, chunks);
}

const sizeOf = (chunks: readonly Buffer[]): number => chunks.reduce((size, chunk) => size + chunk.length, 0);

/** Whole when it is small, streamed when it is not. */
async function chunked(
  context: RequestContext,
  negotiated: Negotiated,
  size: number,
  chunks: () => Iterable<Buffer>,
): Promise<Response> {
  const headers = baseHeaders(context, negotiated.contentType);
  if (size >= GZIP_FROM_BYTES && acceptsGzip(context)) {
    headers['content-encoding'] = 'gzip';
    headers['vary'] = 'Accept-Encoding';
    return { status: 200, headers, body: { bytes: () => Readable.from(chunks()).pipe(createGzip({ level: 1 })) } };
  }
  if (size > CHUNK_BYTES) return { status: 200, headers, body: { bytes: () => pulled(chunks()) } };
  const bytes = Buffer.concat([...chunks()]);
  headers['content-length'] = String(bytes.length);
  return { status: 200, headers, body: { bytes: () => bytes } };
}

async function* pulled(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** `{"kind":"Pod","apiVersion":"v1",`: what items of built-in kinds leave out, as upstream's do. */
function typePrefix(endpoint: Endpoint): Buffer {
  return Buffer.from(`{"kind":"${endpoint.definition.kind}","apiVersion":"${endpoint.apiVersion}",`);
}

function* concat(
  head: string,
  entries: readonly Entry[],
  endpoint: Endpoint,
  strip: Buffer | undefined,
): Generator<Buffer> {
  let chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let used = chunk.write(head);
  let first = true;
  for (const entry of entries) {
    const bytes = bytesOf(entry, endpoint);
    if (used + bytes.length + 4 > chunk.length) {
      if (used > 0) yield chunk.subarray(0, used);
      chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes.length + 4));
      used = 0;
    }
    if (!first) chunk[used++] = 0x2c;
    first = false;
    let from = 0;
    if (strip && bytes.compare(strip, 0, strip.length, 0, strip.length) === 0) {
      chunk[used++] = 0x7b;
      from = strip.length;
    }
    used += bytes.copy(chunk, used, from, bytes.length - 1);
  }
  yield chunk.subarray(0, used);
  yield Buffer.from(']}\n');
}

/** By the kind's own order, and by name where that says nothing. */
function inRowOrder(entries: Entry[], { definition: { rowOrder } }: Endpoint): Entry[] {
  return rowOrder ? entries.toSorted((a, b) => rowOrder(a.object(), b.object())) : entries;
}

/** Tables and metadata lists. */
async function shapedList(
  context: RequestContext,
  endpoint: Endpoint,
  page: Page,
  negotiated: Negotiated,
): Promise<Response> {
  const { shapeVersion: version, shape } = negotiated;
  const { metadata } = page;
  const apiVersion = `meta.k8s.io/${version}`;
  if (shape === 'PartialObjectMetadata') throw otherShape(endpoint, shape);
  const isTable = shape === 'Table';
  const entries = isTable ? inRowOrder(page.entries, endpoint) : page.entries;
  const include = isTable ? includeObject(context) : 'Metadata';
  const nowMs = context.server.now();
  const envelope = isTable
    ? { kind: 'Table', apiVersion, metadata, columnDefinitions: columnDefinitions(endpoint) }
    : { kind: 'PartialObjectMetadataList', apiVersion, metadata };
  const list = isTable ? 'rows' : 'items';
  if (negotiated.encoding === 'json' && !wantsPretty(context, negotiated) && include !== 'Object') {
    const head = stringifyJson(envelope).slice(0, -1) + `,"${list}":[`;
    const chunks = (): Generator<Buffer> =>
      isTable ? tableRows(head, endpoint, entries, { include, version, nowMs }) : partialItems(head, entries, version);
    return chunked(context, negotiated, estimate(entries), chunks);
  }
  const one = (entry: Entry): unknown =>
    isTable
      ? tableRow(endpoint, entry.object(), () => objectOf(entry, endpoint), include, version, nowMs)
      : partial(entry.object(), version);
  const whole = { ...envelope, [list]: entries.map(one) };
  const bytes = negotiated.encoding === 'json' ? encodeWhole(whole) : undefined;
  return objectResponse(context, 200, () => whole, negotiated, bytes);
}

/** Bytes of the whole objects: more than their shapes have. */
function estimate(entries: readonly Entry[]): number {
  let bytes = 0;
  for (const entry of entries) bytes += entry.bytes.length;
  return bytes;
}
