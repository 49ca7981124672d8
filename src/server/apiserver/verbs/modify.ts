// Reads an object, lets the caller change it, and writes it with compare-and-swap until nobody was faster. What every
// update, patch and subresource goes through. Upstream: registry/generic/registry/store.go (Update, GuaranteedUpdate).
import { deepEqual } from '../../../api/patch/equal.ts';
import { notFound } from '../../../api/status.ts';
import type { AnyKind } from '../../../api/kind.ts';
import type { ObjectMeta, Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import { atRevision, encodeForm, spliceRevision, storedForm } from '../cache/encoding.ts';
import { Entry } from '../cache/entry.ts';
import { inOwnVersion, inStorageVersion } from '../content/view.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { Admission } from './admit.ts';
import { type Extras, type Written, keyOf, noExtras, put, transact, wouldBe } from './commit.ts';
import { countsGenerations } from './create.ts';
import { hookContext } from './hook-context.ts';
import { dedupOwners } from './owner-references.ts';
import { restoreSystemMeta, timestamp, validateMeta, validateMetaUpdate } from './metadata.ts';

export interface Modification {
  /** '' for the object itself. */
  subresource: string;
  dryRun: boolean;
  /** The new object in the stored version; `old` is frozen. Runs again after a conflict. */
  change(old: Unstructured): Promise<Unstructured> | Unstructured;
  /** Records the owners of fields in the draft's metadata, which alone it may change, before admission has its say. */
  track(draft: Unstructured, old: Unstructured): Promise<void> | void;
  options?: Readonly<Record<string, unknown>>;
  /** Admission is not asked. */
  unseen?: boolean;
  /** For a subresource whose body is another object (Scale): what admission is shown, and how that is put back. */
  admitted?: { of(object: Unstructured): Unstructured; settle(draft: Unstructured, admitted: Unstructured): void };
}

export interface Modified extends Written {
  /** The update removed the last finalizer, and the object with it. */
  deleted?: boolean;
}

/** Undefined: there is no such object. */
export async function modifyExisting(
  context: RequestContext,
  endpoint: Endpoint,
  name: string,
  modification: Modification,
): Promise<Modified | undefined> {
  const { server } = context;
  const { kind } = endpoint;
  const key = keyOf(endpoint.namespaced ? context.info.namespace : '', name);
  await server.feed.fresh();
  let entry = kind.cache.get(key);
  for (;;) {
    if (!entry) return undefined;
    const extras = noExtras();
    let revision: number | undefined;
    try {
      const draft = await nextState(context, endpoint, entry, modification, extras);
      if (modification.dryRun) return wouldBe(draft);
      const stored = storedForm(draft);
      const value = encodeForm(stored);
      if (unchanged(entry, stored, value)) return { object: entry.object(), bytes: entry.bytes };
      if (isGone(draft) && !kind.hooks?.holdsDeletion?.(draft)) {
        const removed = await remove(context, endpoint, key, entry, draft);
        if (removed) return removed;
        entry = await reread(context, endpoint, key);
        continue;
      }
      const { written, result } = await put(server, kind, key, stored, entry.revision, extras, value);
      if (written) revision = result.revision;
      if (written) return written;
      if (extras.compares.length > 0) await server.feed.fresh();
      const current = result.current?.[0];
      entry = current && new Entry(key, current.value, current.modRevision, current.createRevision);
    } finally {
      extras.settle?.(revision);
    }
  }
}

/** As modifyExisting; throws NotFound. */
export async function modify(
  context: RequestContext,
  endpoint: Endpoint,
  name: string,
  modification: Modification,
): Promise<Modified> {
  const modified = await modifyExisting(context, endpoint, name, modification);
  if (!modified) throw notFound(endpoint.qualified, name);
  return modified;
}

async function nextState(
  context: RequestContext,
  endpoint: Endpoint,
  entry: Entry,
  modification: Modification,
  extras: Extras,
): Promise<Unstructured> {
  const { kind } = endpoint;
  const { subresource, dryRun } = modification;
  const old = kind.custom ? await inStorageVersion(entry.object(), kind) : entry.object();
  const { admitted } = modification;
  const draft = await modification.change(old);
  const shown = admitted ? admitted.of(draft) : draft;
  const admission = new Admission(context, endpoint, {
    unseen: modification.unseen === true,
    operation: 'UPDATE',
    name: draft.metadata.name ?? '',
    subresource,
    object: shown,
    oldObject: admitted ? admitted.of(old) : old,
    options: modification.options ?? {},
    dryRun,
  });
  prepare(context, endpoint, draft, old, subresource);
  // What admission adds is owned by nobody.
  const tracked = modification.track(sharing(draft, old), old);
  if (tracked) await tracked;
  if (await admission.mutate()) {
    admitted?.settle(draft, shown);
    prepare(context, endpoint, draft, old, subresource);
  }
  dedupOwners(context, draft, 'after admission');
  const own = inOwnVersion([draft, old], endpoint);
  const [ownDraft, ownOld] = own instanceof Promise ? await own : own;
  validate(context, endpoint, ownDraft!, ownOld!, subresource);
  await admission.validate(shown);
  const reserved = admission.reserve(extras);
  if (reserved) await reserved;
  if (kind.hooks?.beginUpdate && subresource === '') {
    await kind.hooks.beginUpdate(draft, old, hookContext(context, draft.metadata.name!, dryRun, extras));
  }
  return draft;
}

/** Upstream's BeforeUpdate and the strategies' PrepareForUpdate. */
function prepare(
  { server }: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured,
  subresource: string,
): void {
  const { definition } = endpoint;
  restoreSystemMeta(draft.metadata, old.metadata);
  if (subresource === 'status') {
    // Status updates change the status alone; of metadata what finalizers and owners need.
    for (const field of Object.keys(draft)) if (!STATUS_FIELDS.has(field)) delete draft[field];
    for (const field of Object.keys(old)) if (!STATUS_FIELDS.has(field)) draft[field] = old[field];
    for (const field of definition.statusKeeps ?? []) keep(draft.metadata, old.metadata, field);
    definition.prepareStatus?.(draft, old, timestamp(server.now()));
  } else if (subresource === '') {
    if (definition.subresources?.['status']) {
      if (old['status'] === undefined) delete draft['status'];
      else draft['status'] = old['status'];
    }
    definition.prepareUpdate?.(draft, old);
  } else endpoint.kind.hooks?.prepareSubresource?.[subresource]?.(draft, old);
  // A binding is not the owner's wish: upstream writes it past the strategy.
  const counts = subresource !== 'status' && subresource !== 'binding';
  if (counts && countsGenerations(endpoint, draft, 'on update') && countedChange(definition, draft, old)) {
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  }
}

function keep<F extends keyof ObjectMeta>(metadata: ObjectMeta, old: ObjectMeta, field: F): void {
  if (old[field] === undefined) delete metadata[field];
  else metadata[field] = old[field];
}

/** The draft with the old object's own values where they are equal, so that nobody compares them field by field again. */
function sharing(draft: Unstructured, old: Unstructured): Unstructured {
  let shared = draft;
  for (const field of Object.keys(draft)) {
    if (draft[field] === old[field] || field === 'metadata' || !deepEqual(draft[field], old[field])) continue;
    if (shared === draft) shared = { ...draft };
    shared[field] = old[field];
  }
  return shared;
}

const STATUS_FIELDS = new Set(['apiVersion', 'kind', 'metadata', 'status']);

const countedChange = ({ generationWith }: AnyKind, draft: Unstructured, old: Unstructured): boolean =>
  specChanged(draft, old) ||
  (generationWith !== undefined &&
    !deepEqual(draft.metadata[generationWith] ?? {}, old.metadata[generationWith] ?? {}));

function specChanged(draft: Unstructured, old: Unstructured): boolean {
  const fields = new Set([...Object.keys(draft), ...Object.keys(old)]);
  for (const field of fields) {
    if (!STATUS_FIELDS.has(field) && !deepEqual(draft[field], old[field])) return true;
  }
  return false;
}

function validate(
  context: RequestContext,
  endpoint: Endpoint,
  draft: Unstructured,
  old: Unstructured,
  subresource: string,
): void {
  const { definition } = endpoint;
  const errors = new FieldErrors();
  const updates = subresource === '' || subresource === 'scale';
  validateMetaUpdate(draft.metadata, old.metadata, errors);
  if (updates && definition.updateErrorsFirst) definition.validateUpdate?.(draft, old, errors);
  validateMeta(definition, draft.metadata, errors);
  if (subresource === 'status') (endpoint.served.validateStatus ?? definition.validateStatus)?.(draft, old, errors);
  else {
    definition.validate?.(draft, errors);
    // What other subresources may change is what the object's own update may not.
    if (updates) {
      if (!definition.updateErrorsFirst) definition.validateUpdate?.(draft, old, errors);
    } else definition.validateSubresource?.[subresource]?.(draft, old, errors);
    endpoint.served.validate?.(draft, old, errors);
    if (definition.warnings) context.warnings.push(...definition.warnings(draft, old));
  }
  if (!errors.empty) throw invalid({ group: endpoint.group, kind: draft.kind }, draft.metadata.name ?? '', errors);
}

/** A write that would change nothing is not done: no revision, no event. */
function unchanged(entry: Entry, stored: Unstructured, value: Buffer): boolean {
  // The cached bytes say the revision and end with a line feed.
  const added = `,"resourceVersion":"${entry.revision}"\n`.length;
  if (value.length + added !== entry.bytes.length) return false;
  if (spliceRevision(value, entry.revision).equals(entry.bytes)) return true;
  return deepEqual(atRevision(stored, entry.revision), entry.object());
}

/** Upstream's deleteWithoutFinalizers: a terminating object whose last finalizer went is deleted by the update. */
const isGone = ({ metadata }: Unstructured): boolean =>
  metadata.deletionTimestamp !== undefined &&
  !(metadata.finalizers && metadata.finalizers.length > 0) &&
  !metadata.deletionGracePeriodSeconds;

async function remove(
  context: RequestContext,
  endpoint: Endpoint,
  key: string,
  entry: Entry,
  draft: Unstructured,
): Promise<Modified | undefined> {
  const { kind } = endpoint;
  const extras = noExtras();
  await kind.hooks?.beginDelete?.(entry.bare(), hookContext(context, entry.name, false, extras));
  const storeKey = kind.cache.prefix + key;
  const result = await transact(
    context.server,
    [{ key: storeKey, modRevision: entry.revision }, ...extras.compares],
    [{ delete: { key: storeKey } }, ...extras.operations],
  );
  if (!result.succeeded) return undefined;
  draft.metadata.resourceVersion = String(result.revision);
  return { ...wouldBe(draft), deleted: true };
}

/** The object as the store has it now. */
export async function reread(context: RequestContext, endpoint: Endpoint, key: string): Promise<Entry | undefined> {
  const { item } = await context.server.options.store.get(endpoint.kind.cache.prefix + key);
  return item && new Entry(key, item.value, item.modRevision, item.createRevision);
}
