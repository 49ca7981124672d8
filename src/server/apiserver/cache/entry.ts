// One revision of one object, as all readers share it: its bytes, what selectors ask of it, and the frozen object,
// parsed when first asked for and kept only as long as somebody holds it.
import type { ObjectMeta, Unstructured } from '../../../api/types.ts';
import { withoutManagedFields } from '../../../api/patch/managed-fields.ts';
import { atRevision, decodeObject, freeze, spliceRevision } from './encoding.ts';
import { faces } from './faces.ts';
import { metadataRange, parseManaged, parseMetadata, parseWithoutManaged } from './metadata-bytes.ts';

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** What a kind's selectable fields say of an object, by field. */
export type FieldReader = (object: Unstructured) => Readonly<Record<string, string>>;

export class Entry {
  /** `namespace/name`, or `name`: the order of lists. */
  readonly key: string;
  readonly revision: number;
  readonly createRevision: number;
  /** The object as JSON with its resourceVersion, ended by a line feed. */
  readonly bytes: Buffer;
  #object: WeakRef<Unstructured> | undefined;
  /** The object without its managedFields, which is what informers hold. */
  #bare: WeakRef<Unstructured> | undefined;
  #labels: Readonly<Record<string, string>> | undefined;
  #fields: Readonly<Record<string, string>> | undefined;
  #fieldReader: FieldReader | undefined;

  constructor(key: string, stored: Uint8Array, revision: number, createRevision: number) {
    this.key = key;
    this.revision = revision;
    this.createRevision = createRevision;
    this.bytes = spliceRevision(stored, revision);
  }

  /** The writer's own object, whole or bare, so that nobody parses what was in memory a moment ago. */
  adopt(object: Unstructured): void {
    stampRevision(object, this.revision);
    if (object.metadata.managedFields) this.#object = new WeakRef(object);
    else this.#bare = new WeakRef(object);
    this.#labels = object.metadata.labels ?? NO_LABELS;
  }

  /** It is the state of another entry under this one's revision: what is in memory of that is not parsed again. */
  adoptFrom(other: Entry): void {
    const bare = other.#bare?.deref();
    if (bare) this.#bare = new WeakRef(freeze(atRevision(bare, this.revision)));
    else {
      const whole = other.#object?.deref();
      if (whole) this.adopt(atRevision(whole, this.revision));
    }
  }

  /** The object when somebody holds it already, perhaps without its managedFields. */
  held(): Unstructured | undefined {
    return this.#bare?.deref() ?? this.#object?.deref();
  }

  object(): Unstructured {
    const held = this.#object?.deref();
    if (held) return held;
    const bare = this.#bare?.deref();
    const object = bare ? this.#complete(bare) : freeze(decodeObject(this.bytes));
    this.#object = new WeakRef(object);
    this.#labels ??= object.metadata.labels ?? NO_LABELS;
    return object;
  }

  /** The object without its managedFields: see SHARED_BARE_CONTENT_TYPE. */
  bare(): Unstructured {
    const held = this.#bare?.deref();
    if (held) return held;
    const object = this.#object?.deref();
    const bare = freeze(object ? withoutManagedFields(object) : this.glance());
    this.#bare = new WeakRef(bare);
    this.#labels ??= bare.metadata.labels ?? NO_LABELS;
    return bare;
  }

  #complete(bare: Unstructured): Unstructured {
    const range = metadataRange(this.bytes);
    if (!range) return freeze(decodeObject(this.bytes));
    const managedFields = parseManaged(this.bytes, range);
    return managedFields ? freeze({ ...bare, metadata: { ...bare.metadata, managedFields } }) : bare;
  }

  get labels(): Readonly<Record<string, string>> {
    return (this.#labels ??= this.#metadata().labels ?? NO_LABELS);
  }

  /** By the reader that was there last: custom resources have one for each version, and others when these change. */
  fields(read: FieldReader, look: () => Unstructured = () => this.glance()): Readonly<Record<string, string>> {
    if (this.#fieldReader !== read || !this.#fields) {
      this.#fields = read(look());
      this.#fieldReader = read;
    }
    return this.#fields;
  }

  /**
   * The object for one look at it, perhaps without its managedFields. Unlike object(), which keeps what it parsed at
   * least to the end of the turn, this may be asked of very many entries at once.
   */
  glance(): Unstructured {
    const held = this.held();
    if (held) return held;
    const range = metadataRange(this.bytes);
    return range ? parseWithoutManaged(this.bytes, range) : decodeObject(this.bytes);
  }

  #metadata(): ObjectMeta {
    const held = this.held();
    if (held) return held.metadata;
    const range = metadataRange(this.bytes);
    return range ? parseMetadata(this.bytes, range) : decodeObject(this.bytes).metadata;
  }

  get namespace(): string {
    const slash = this.key.indexOf('/');
    return slash < 0 ? '' : this.key.slice(0, slash);
  }

  get name(): string {
    return this.key.slice(this.key.indexOf('/') + 1);
  }

  /** An answer in another shape, by a name that its maker chooses; kept for other readers while there is room. */
  face<T>(name: string, make: () => T, size: (made: T) => number = () => this.bytes.length): T {
    return faces.get(this, name, make, size);
  }
}

/** Gives a written object its resourceVersion and freezes it; again is harmless. */
export function stampRevision(object: Unstructured, revision: number): Unstructured {
  if (Object.isFrozen(object)) return object;
  const metadata: ObjectMeta = object.metadata;
  metadata.resourceVersion = String(revision);
  return freeze(object);
}
