// Keys and events between the store's words and etcd's protocol. Revisions are decimal strings there, values Buffers.
import type { IEvent, IKeyValue, IRequestOp } from 'etcd3';
import type { KeyValue, Operation, StoreEvent } from './store.ts';

export class EtcdKeys {
  readonly #base: string;

  /** Of `/registry/` the key `/pods/a` is `/registry/pods/a`. */
  constructor(prefix: string) {
    this.#base = prefix.replace(/\/$/, '');
  }
  encode(key: string): Buffer {
    return Buffer.from(this.#base + key);
  }
  /** Undefined: somebody else's key. */
  decode(key: Buffer): string | undefined {
    const text = key.toString();
    return text.startsWith(this.#base) ? text.slice(this.#base.length) : undefined;
  }
  keyValue(kv: IKeyValue): KeyValue {
    return {
      key: this.decode(kv.key)!,
      value: kv.value,
      createRevision: Number(kv.create_revision),
      modRevision: Number(kv.mod_revision),
    };
  }
  /** Undefined: of somebody else's key. */
  event({ type, kv, prev_kv: before }: IEvent): StoreEvent | undefined {
    const key = this.decode(kv.key);
    if (key === undefined) return undefined;
    // Absent after a compaction of exactly that revision.
    const previous = before ? this.keyValue(before) : undefined;
    const item = this.keyValue(kv);
    if (type === 'Put') return previous ? { type: 'put', key, item, previous } : { type: 'put', key, item };
    const last = previous ? { ...previous, modRevision: item.modRevision } : item;
    return previous ? { type: 'delete', key, item: last, previous } : { type: 'delete', key, item: last };
  }
  /** `lease` for an operation that has a time to live. */
  operation(operation: Operation, lease: string | undefined): IRequestOp {
    if ('delete' in operation) return { request_delete_range: { key: this.encode(operation.delete.key) } };
    const { key, value } = operation.put;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return { request_put: { key: this.encode(key), value: bytes, ...(lease ? { lease } : {}) } };
  }
}

export interface Revision {
  revision: number;
  events: StoreEvent[];
}

/** One answer of etcd may hold many revisions, but always whole ones. Foreign keys leave empty revisions behind. */
export function revisionsOf(events: readonly IEvent[], keys: EtcdKeys): Revision[] {
  const revisions: Revision[] = [];
  for (const each of events) {
    const revision = Number(each.kv.mod_revision);
    let last = revisions.at(-1);
    if (last?.revision !== revision) revisions.push((last = { revision, events: [] }));
    const event = keys.event(each);
    if (event) last.events.push(event);
  }
  return revisions;
}
