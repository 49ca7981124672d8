// Tables and metadata lists as JSON, made from the cached bytes: cells are row-template.ts's, metadata is
// copied as it stands. What this cannot do (whole objects in rows, other encodings) is list-body.ts's.
import { stringifyJson } from '../../../api/codec/json.ts';
import type { Entry } from '../cache/entry.ts';
import type { MetadataRange } from '../cache/metadata-bytes.ts';
import type { Endpoint } from '../registry.ts';
import { rangeOf, rowTemplate, rowText } from './row-template.ts';

const CHUNK_BYTES = 256 * 1024;

/** Puts strings and bytes one after the other into chunks of about one size. */
class Chunks {
  #chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #used = 0;

  /** What is full so far, when it is enough for a chunk. */
  takeFull(): Buffer | undefined {
    return this.#used >= CHUNK_BYTES / 2 ? this.take() : undefined;
  }

  take(): Buffer {
    const taken = this.#chunk.subarray(0, this.#used);
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    this.#used = 0;
    return taken;
  }

  text(text: string): void {
    this.#room(text.length * 3);
    this.#used += this.#chunk.write(text, this.#used);
  }

  bytes(from: Buffer, start: number, end: number): void {
    this.#room(end - start);
    this.#used += from.copy(this.#chunk, this.#used, start, end);
  }

  #room(size: number): void {
    if (this.#used + size <= this.#chunk.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#chunk.length * 2, this.#used + size));
    this.#chunk.copy(larger, 0, 0, this.#used);
    this.#chunk = larger;
  }
}

const partialHead = (version: string): string =>
  `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":`;

function writePartial(chunks: Chunks, entry: Entry, range: MetadataRange | undefined, head: string): void {
  chunks.text(head);
  if (range) chunks.bytes(entry.bytes, range.start, range.end);
  else chunks.text(stringifyJson(entry.object().metadata));
  chunks.text('}');
}

/** `head` is the list's JSON up to and with the opening bracket of its items. */
export function* partialItems(head: string, entries: readonly Entry[], version: string): Generator<Buffer> {
  const chunks = new Chunks();
  const itemHead = partialHead(version);
  chunks.text(head);
  let first = true;
  for (const entry of entries) {
    if (!first) chunks.text(',');
    first = false;
    writePartial(chunks, entry, rangeOf(entry), itemHead);
    const full = chunks.takeFull();
    if (full) yield full;
  }
  chunks.text(']}\n');
  yield chunks.take();
}

export interface RowOptions {
  include: 'None' | 'Metadata';
  version: string;
  nowMs: number;
}

export function* tableRows(
  head: string,
  endpoint: Endpoint,
  entries: readonly Entry[],
  options: RowOptions,
): Generator<Buffer> {
  const chunks = new Chunks();
  const itemHead = partialHead(options.version);
  chunks.text(head);
  let first = true;
  for (const entry of entries) {
    const template = rowTemplate(endpoint, entry, options.nowMs);
    const row = rowText(template, endpoint, entry, options.nowMs);
    if (options.include === 'Metadata') {
      if (template.end > 0) {
        // In one piece up to the metadata's bytes: there are thousands of rows.
        chunks.text(`${first ? '' : ','}${row},"object":${itemHead}`);
        chunks.bytes(entry.bytes, template.start, template.end);
        chunks.text('}');
      } else {
        chunks.text(`${first ? '' : ','}${row},"object":`);
        writePartial(chunks, entry, undefined, itemHead);
      }
    } else chunks.text(`${first ? '' : ','}${row}`);
    first = false;
    chunks.text('}');
    const full = chunks.takeFull();
    if (full) yield full;
  }
  chunks.text(']}\n');
  yield chunks.take();
}
