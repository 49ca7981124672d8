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
import { columnDefinitions, includeObject, partial, tableRow } from './shapes.ts';
import { bytesOf, objectOf } from './view.ts';

const CHUNK_BYTES = 1 << 20;
/** Rows that are made between two turns of the event loop. */
const ROWS_PER_TURN = 500;

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
  if (negotiated.shape !== '') return shapedList(context, endpoint, page, negotiated);
  const { kind, listKind } = endpoint.kind.definition;
  const envelope = { kind: listKind ?? `${kind}List`, apiVersion: endpoint.apiVersion, metadata };
  const items = () => entries.map((entry) => objectOf(entry, endpoint));
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

/** Whole when it is small, streamed when it is not. */
async function chunked(
  context: RequestContext,
  negotiated: Negotiated,
  size: number,
  chunks: () => Generator<Buffer>,
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

async function* pulled(chunks: Generator<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** `{"kind":"Pod","apiVersion":"v1",`: what items of built-in kinds leave out, as upstream's do. */
function typePrefix(endpoint: Endpoint): Buffer {
  return Buffer.from(`{"kind":"${endpoint.kind.definition.kind}","apiVersion":"${endpoint.apiVersion}",`);
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

/** Tables and metadata lists: rows are made in portions, so that a long list does not hold up everybody else. */
async function shapedList(
  context: RequestContext,
  endpoint: Endpoint,
  page: Page,
  negotiated: Negotiated,
): Promise<Response> {
  const { shapeVersion: version, shape } = negotiated;
  const include = shape === 'Table' ? includeObject(context) : 'None';
  const nowMs = context.server.now();
  const one = (entry: Entry): unknown => {
    if (shape === 'Table')
      return tableRow(endpoint, entry.object(), () => objectOf(entry, endpoint), include, version, nowMs);
    return partial(entry.object(), version);
  };
  const envelope =
    shape === 'Table'
      ? {
          kind: 'Table',
          apiVersion: `meta.k8s.io/${version}`,
          metadata: page.metadata,
          columnDefinitions: columnDefinitions(endpoint),
        }
      : { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata: page.metadata };
  const list = shape === 'Table' ? 'rows' : 'items';
  if (negotiated.encoding !== 'json' || wantsPretty(context, negotiated) || page.entries.length <= ROWS_PER_TURN) {
    const whole = { ...envelope, [list]: page.entries.map(one) };
    return objectResponse(
      context,
      200,
      () => whole,
      negotiated,
      negotiated.encoding === 'json' ? encodeWhole(whole) : undefined,
    );
  }
  const head = stringifyJson(envelope).slice(0, -1) + `,"${list}":[`;
  return chunked(context, negotiated, Number.MAX_SAFE_INTEGER, () => rows(head, page.entries, one));
}

function* rows(head: string, entries: readonly Entry[], one: (entry: Entry) => unknown): Generator<Buffer> {
  let text = head;
  for (let at = 0; at < entries.length; at += ROWS_PER_TURN) {
    const portion = entries.slice(at, at + ROWS_PER_TURN).map((entry) => stringifyJson(one(entry)));
    yield Buffer.from(text + (at > 0 ? ',' : '') + portion.join(','));
    text = '';
  }
  yield Buffer.from(text + ']}\n');
}
