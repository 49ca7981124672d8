// The bytes on disk of the embedded store: records and keys of its tables. Changing any of them changes FORMAT.
//
//   current   key                 -> created(6) changed(6) expires(6) value      what each key is now
//   history   key 00 changed(6)   -> created(6) superseded(6) value              what it was, until compaction
//   log       revision(6)         -> { type(1) keyBytes(2) key previous(6) }...  what each revision did
//   ttl       expires(6) rev(6) key -> nothing                                   what vanishes when
//   meta      head, compacted, format -> decimal text
//
// Numbers are 48 bits, big endian, so that they sort. A value stands once in the file while it is current, and moves
// to history when it is superseded; the log names values and holds none.

export const FORMAT = 1;
const CURRENT_HEAD = 18;
const HISTORY_HEAD = 12;

export interface CurrentRecord {
  createRevision: number;
  modRevision: number;
  /** Unix milliseconds; 0 is never. */
  expiresAtMs: number;
  value: Uint8Array;
}

export interface HistoryRecord {
  createRevision: number;
  /** The revision that replaced or deleted it. */
  supersededAt: number;
  value: Uint8Array;
}

export interface LogEntry {
  type: 'put' | 'delete';
  key: string;
  /** The modRevision of what was there before; 0: nothing was. */
  previousRevision: number;
}

export const encodeKey = (key: string): Buffer => Buffer.from(key);

export function encodeRevision(revision: number): Buffer {
  const buffer = Buffer.allocUnsafe(6);
  buffer.writeUIntBE(revision, 0, 6);
  return buffer;
}
export const decodeRevision = (buffer: Buffer): number => buffer.readUIntBE(0, 6);

/** Room for one record. Writing a record copies it at once, so that all of them can be made in one place. */
export class Scratch {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);

  take(bytes: number): Buffer {
    // A record this large is rare, and a scratch this large would stay.
    return bytes > this.#buffer.length ? Buffer.allocUnsafeSlow(bytes) : this.#buffer.subarray(0, bytes);
  }
}

export function encodeCurrent(record: CurrentRecord, scratch: Scratch): Buffer {
  const buffer = scratch.take(CURRENT_HEAD + record.value.byteLength);
  buffer.writeUIntBE(record.createRevision, 0, 6);
  buffer.writeUIntBE(record.modRevision, 6, 6);
  buffer.writeUIntBE(record.expiresAtMs, 12, 6);
  buffer.set(record.value, CURRENT_HEAD);
  return buffer;
}
/** The modRevision of a current record, of which only the head need be there. */
export const revisionOfCurrent = (buffer: Buffer): number => buffer.readUIntBE(6, 6);
export const decodeCurrent = (buffer: Buffer): CurrentRecord => ({
  createRevision: buffer.readUIntBE(0, 6),
  modRevision: buffer.readUIntBE(6, 6),
  expiresAtMs: buffer.readUIntBE(12, 6),
  value: buffer.subarray(CURRENT_HEAD),
});

export function encodeHistoryKey(key: string, modRevision: number): Buffer {
  const length = Buffer.byteLength(key);
  const buffer = Buffer.allocUnsafe(length + 7);
  buffer.write(key, 0);
  buffer[length] = 0;
  buffer.writeUIntBE(modRevision, length + 1, 6);
  return buffer;
}
export const decodeHistoryKey = (buffer: Buffer): { key: string; modRevision: number } => ({
  key: buffer.toString('utf8', 0, buffer.length - 7),
  modRevision: buffer.readUIntBE(buffer.length - 6, 6),
});

export function encodeHistory(record: HistoryRecord, scratch: Scratch): Buffer {
  const buffer = scratch.take(HISTORY_HEAD + record.value.byteLength);
  buffer.writeUIntBE(record.createRevision, 0, 6);
  buffer.writeUIntBE(record.supersededAt, 6, 6);
  buffer.set(record.value, HISTORY_HEAD);
  return buffer;
}
export const decodeHistory = (buffer: Buffer): HistoryRecord => ({
  createRevision: buffer.readUIntBE(0, 6),
  supersededAt: buffer.readUIntBE(6, 6),
  value: buffer.subarray(HISTORY_HEAD),
});

export function encodeLog(entries: readonly LogEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { type, key, previousRevision } of entries) {
    const length = Buffer.byteLength(key);
    const part = Buffer.allocUnsafe(9 + length);
    part[0] = type === 'put' ? 1 : 0;
    part.writeUInt16BE(length, 1);
    part.write(key, 3);
    part.writeUIntBE(previousRevision, 3 + length, 6);
    parts.push(part);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
export function decodeLog(buffer: Buffer): LogEntry[] {
  const entries: LogEntry[] = [];
  for (let at = 0; at < buffer.length;) {
    const length = buffer.readUInt16BE(at + 1);
    entries.push({
      type: buffer[at] === 1 ? 'put' : 'delete',
      key: buffer.toString('utf8', at + 3, at + 3 + length),
      previousRevision: buffer.readUIntBE(at + 3 + length, 6),
    });
    at += 9 + length;
  }
  return entries;
}

export function encodeTtlKey(expiresAtMs: number, modRevision: number, key: string): Buffer {
  const buffer = Buffer.allocUnsafe(12 + Buffer.byteLength(key));
  buffer.writeUIntBE(expiresAtMs, 0, 6);
  buffer.writeUIntBE(modRevision, 6, 6);
  buffer.write(key, 12);
  return buffer;
}
export const decodeTtlKey = (buffer: Buffer): { expiresAtMs: number; modRevision: number; key: string } => ({
  expiresAtMs: buffer.readUIntBE(0, 6),
  modRevision: buffer.readUIntBE(6, 6),
  key: buffer.toString('utf8', 12),
});
