// DELETE of one object: preconditions, finalizers of the propagation policy, grace, and then the object itself.
// Upstream: handlers/delete.go, registry/generic/registry/store.go (Delete), registry/rest/delete.go (BeforeDelete).
import { conflict, notFound } from '../../../api/status.ts';
import type { ObjectMeta, Unstructured } from '../../../api/types.ts';
import type { Response } from '../../../wire/http.ts';
import {
  atRevision,
  cloneJson,
  decodeObject,
  encodeWhole,
  restamp,
  storedForm,
  terminatingForm,
} from '../cache/encoding.ts';
import { Entry } from '../cache/entry.ts';
import { decodeBody } from '../content/decode.ts';
import { negotiateFor } from '../content/negotiate.ts';
import { objectResponse } from '../content/respond.ts';
import type { RequestContext } from '../context.ts';
import type { Endpoint } from '../registry.ts';
import { returnsDeleted } from '../returns-deleted.ts';
import { Admission } from './admit.ts';
import { writtenResponse } from './answer.ts';
import { type Written, keyOf, noExtras, put, transact, wouldBe } from './commit.ts';
import { hookContext } from './hook-context.ts';
import { timestamp } from './metadata.ts';
import { type DeleteOptions, deleteOptions } from './options.ts';

export interface Deleted extends Written {
  uid: string | undefined;
  /** False: the object is still there, terminating. */
  gone: boolean;
}

export async function remove(context: RequestContext, endpoint: Endpoint): Promise<Response> {
  const negotiated = negotiateFor(context.request.headers['accept'], endpoint);
  const options = await readDeleteOptions(context);
  warnOfOrphans(context, endpoint, options);
  const { name, namespace } = context.info;
  await context.server.feed.fresh();
  const deleted = await deleteObject(context, endpoint, keyOf(endpoint.namespaced ? namespace : '', name), options);
  const accepted = !deleted.gone && (options.orphanDependents === false || options.propagationPolicy === 'Foreground');
  const status = accepted ? 202 : 200;
  if (!deleted.gone || returnsDeleted(endpoint.definition)) {
    return writtenResponse(context, status, endpoint, deleted, negotiated);
  }
  const { uid } = deleted;
  const answer = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(endpoint.group ? { group: endpoint.group } : {}), kind: endpoint.plural, uid },
  };
  const plain = { ...negotiated, shape: '' as const };
  return objectResponse(context, status, () => answer, plain, encodeWhole(answer));
}

export async function readDeleteOptions(context: RequestContext): Promise<DeleteOptions> {
  const body = await decodeBody(context, 'DeleteOptions');
  return deleteOptions(context, body?.draft);
}

/**
 * Deletes, or starts to. Throws NotFound, Conflict. `asked` is what admission is told of the request: one that deletes a
 * collection names no object, and a namespace only if its path does.
 */
export async function deleteObject(
  context: RequestContext,
  endpoint: Endpoint,
  key: string,
  options: DeleteOptions,
  asked?: { name: string; namespace: string },
): Promise<Deleted> {
  const entry = endpoint.kind.cache.get(key);
  const name = key.slice(key.indexOf('/') + 1);
  if (!entry) throw notFound(endpoint.qualified, name);
  const admission = new Admission(context, endpoint, {
    operation: 'DELETE',
    name,
    ...asked,
    subresource: '',
    oldObject: () => entry.object(),
    options: { ...options },
    dryRun: options.dryRun,
  });
  await admission.mutate();
  await admission.validate();
  return deleteAdmitted(context, endpoint, key, options);
}

/** Past admission: what another admitted request (an eviction) ends in. */
export async function deleteAdmitted(
  context: RequestContext,
  endpoint: Endpoint,
  key: string,
  options: DeleteOptions,
): Promise<Deleted> {
  const name = key.slice(key.indexOf('/') + 1);
  let entry: Entry | undefined = endpoint.kind.cache.get(key);
  for (;;) {
    if (!entry) throw notFound(endpoint.qualified, name);
    checkDeletePreconditions(endpoint, entry, options);
    const plan = planDeletion(context, endpoint, entry, options);
    if (plan === 'pending') return stays(entry.object(), entry.bytes);
    const done: Deleted | Entry | undefined =
      plan === 'erase'
        ? await erase(context, endpoint, key, entry, options)
        : await terminate(context, endpoint, key, entry, plan, options);
    if (!(done instanceof Entry) && done !== undefined) return done;
    entry = done;
  }
}

function checkDeletePreconditions(endpoint: Endpoint, entry: Entry, { preconditions }: DeleteOptions): void {
  if (!preconditions) return;
  const { uid, name } = entry.bare().metadata;
  // Upstream names the kind here, not the resource.
  const resource = { group: endpoint.group, plural: endpoint.definition.kind };
  if (preconditions.uid !== undefined && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(resource, name!, why);
  }
  const seen = preconditions.resourceVersion;
  if (seen !== undefined && seen !== String(entry.revision)) {
    const why = `the ResourceVersion in the precondition (${seen}) does not match the ResourceVersion in record (${entry.revision}). The object might have been modified`;
    throw conflict(resource, name!, why);
  }
}

const stays = (object: Unstructured, bytes: Buffer): Deleted => ({
  object,
  bytes,
  uid: object.metadata.uid,
  gone: false,
});

/** The terminating state that is to be written. */
interface Termination {
  object: Unstructured;
  /** Where it is not to be printed anew; the object is bare then. */
  value?: Buffer;
}

/** Or nothing is to be done any more, or all at once. */
function planDeletion(
  context: RequestContext,
  endpoint: Endpoint,
  entry: Entry,
  options: DeleteOptions,
): Termination | 'pending' | 'erase' {
  const { definition } = endpoint.kind;
  const old = entry.bare();
  const { metadata } = old;
  const now = context.server.now();
  const shortened = shorter(metadata, options.gracePeriodSeconds, now);
  if (shortened === 'pending') return 'pending';
  const finalizers = finalizersFor(metadata.finalizers ?? [], options, orphansByDefault(endpoint));
  const begins = metadata.deletionTimestamp === undefined;
  const asked = begins ? definition.gracePeriodSeconds?.(old as never, options.gracePeriodSeconds) || 0 : 0;
  const { grace, until } = shortened ?? { grace: asked, until: now + asked * 1000 };
  const { hooks } = endpoint.kind;
  const held = hooks?.holdsDeletion?.(old) === true;
  if (finalizers.length === 0 && grace === 0 && !held) return 'erase';
  if (!begins && !shortened && finalizers.length === (metadata.finalizers ?? []).length) return 'pending';
  const generation = metadata.generation ? metadata.generation + 1 : metadata.generation;
  const begun = { generation, deletionTimestamp: timestamp(until), deletionGracePeriodSeconds: grace };
  if (begins && !hooks?.beginTermination && isSame(finalizers, metadata.finalizers)) {
    const value = terminatingForm(entry.bytes, begun);
    if (value) return { object: { ...old, metadata: { ...metadata, ...begun } }, value };
  }
  const whole = entry.object();
  const draft = begins && hooks?.beginTermination ? cloneJson(whole) : { ...whole, metadata: { ...whole.metadata } };
  if (finalizers.length > 0) draft.metadata.finalizers = finalizers;
  else delete draft.metadata.finalizers;
  if (begins) Object.assign(draft.metadata, begun);
  else if (shortened) Object.assign(draft.metadata, { ...begun, generation: metadata.generation });
  if (begins) hooks?.beginTermination?.(draft, now);
  return { object: draft };
}

const isSame = (some: readonly string[], others: readonly string[] = []): boolean =>
  some.length === others.length && some.every((each, i) => each === others[i]);

/**
 * What a further deletion makes of a period of grace that runs: only a shorter one counts, and finalizers are left as
 * they are while it does not. Undefined: none runs. Upstream: rest.BeforeDelete.
 */
function shorter(
  { deletionTimestamp, deletionGracePeriodSeconds: before = 0 }: ObjectMeta,
  asked: number | undefined,
  now: number,
): { grace: number; until: number } | 'pending' | undefined {
  if (deletionTimestamp === undefined || before === 0) return undefined;
  if (asked === undefined || asked >= before) return 'pending';
  const until = Date.parse(deletionTimestamp) - (before - asked) * 1000;
  // One that has run out meanwhile stays a deletion with grace: somebody else ends it.
  return until < now ? { grace: Math.min(asked, 1), until: now } : { grace: asked, until };
}

const orphansByDefault = ({ group, version, kind }: Endpoint): boolean =>
  kind.definition.orphansIn?.includes(group ? `${group}/${version}` : version) ?? false;

/** Upstream: JobREST.Delete. */
const JOB_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

function warnOfOrphans(context: RequestContext, endpoint: Endpoint, options: DeleteOptions): void {
  if (endpoint.definition.kind !== 'Job' || !orphansByDefault(endpoint)) return;
  if (options.propagationPolicy === undefined && options.orphanDependents === undefined) {
    context.warnings.push(JOB_WARNING);
  }
}

/** Upstream's deletionFinalizersForGarbageCollection. */
function finalizersFor(current: readonly string[], options: DeleteOptions, byDefault: boolean): string[] {
  let foreground = current.includes('foregroundDeletion');
  let orphan = current.includes('orphan') || (byDefault && !foreground);
  if (options.orphanDependents !== undefined) {
    orphan = options.orphanDependents;
    foreground = false;
  }
  if (options.propagationPolicy !== undefined) {
    orphan = options.propagationPolicy === 'Orphan';
    foreground = options.propagationPolicy === 'Foreground';
  }
  const rest = current.filter((f) => f !== 'orphan' && f !== 'foregroundDeletion');
  if (orphan) rest.push('orphan');
  if (foreground) rest.push('foregroundDeletion');
  return rest.length === current.length && rest.every((f) => current.includes(f)) ? [...current] : rest;
}

/** Answers the newer entry when somebody was faster, undefined when the object went away meanwhile. */
async function terminate(
  context: RequestContext,
  endpoint: Endpoint,
  key: string,
  entry: Entry,
  { object, value }: Termination,
  options: DeleteOptions,
): Promise<Deleted | Entry | undefined> {
  if (options.dryRun) {
    const shown = value ? atRevision(decodeObject(value), entry.revision) : object;
    return stays(shown, wouldBe(shown).bytes);
  }
  const { written, result } = await put(
    context.server,
    endpoint.kind,
    key,
    storedForm(object),
    entry.revision,
    noExtras(),
    value,
  );
  if (written && !value) return stays(written.object, written.bytes);
  if (written) {
    const { bytes } = written;
    const whole = () => decodeObject(bytes);
    return {
      get object() {
        return whole();
      },
      bytes,
      uid: object.metadata.uid,
      gone: false,
    };
  }
  const current = result.current?.[0];
  return current && new Entry(key, current.value, current.modRevision, current.createRevision);
}

async function erase(
  context: RequestContext,
  endpoint: Endpoint,
  key: string,
  entry: Entry,
  options: DeleteOptions,
): Promise<Deleted | Entry | undefined> {
  const { kind } = endpoint;
  const { uid } = entry.bare().metadata;
  if (options.dryRun) return { object: entry.object(), bytes: entry.bytes, uid, gone: true };
  const extras = noExtras();
  await kind.hooks?.beginDelete?.(entry.bare(), hookContext(context, entry.name, false, extras));
  const storeKey = kind.cache.prefix + key;
  const result = await transact(
    context.server,
    [{ key: storeKey, modRevision: entry.revision }, ...extras.compares],
    [{ delete: { key: storeKey } }, ...extras.operations],
  );
  if (!result.succeeded) {
    const current = result.current?.[0];
    return current && new Entry(key, current.value, current.modRevision, current.createRevision);
  }
  // The answer shows the deletion's revision, as upstream's does.
  const { revision } = result;
  const last = () => atRevision(entry.object(), revision);
  return {
    // Some callers want the bytes, some the object, most neither.
    get object() {
      return last();
    },
    get bytes() {
      return restamp(entry.bytes, entry.revision, revision) ?? encodeWhole(last());
    },
    uid,
    gone: true,
  };
}
