// Finishes the deletion of a CustomResourceDefinition: its objects first, then the finalizer, then the definition.
// Upstream: apiextensions-apiserver pkg/controller/finalizer/crd_finalizer.go.
import { isConflict, isNotFound } from '../../../api/status.ts';
import type { Request, User } from '../../../wire/http.ts';
import { SYSTEM_MASTERS } from '../../auth/types.ts';
import { cloneJson } from '../cache/encoding.ts';
import { type Server, newContext } from '../context.ts';
import type { StoredKind } from '../registry.ts';
import { deleteObject } from '../verbs/delete.ts';
import { timestamp } from '../verbs/metadata.ts';
import { modifyExisting } from '../verbs/modify.ts';
import { type Condition, type Crd, CLEANUP_FINALIZER, hasCondition, setCondition } from './types.ts';

const SELF: User = { name: 'system:apiserver', groups: [SYSTEM_MASTERS] };
const RETRY_MS = 100;
/** After so long the definition says that it still waits. */
const PATIENCE_MS = 60_000;

const terminating = (status: 'True' | 'False', reason: string, message: string): Condition => ({
  type: 'Terminating',
  status,
  reason,
  message,
});
const IN_PROGRESS = terminating('True', 'InstanceDeletionInProgress', 'CustomResource deletion is in progress');
const COMPLETED = terminating('False', 'InstanceDeletionCompleted', 'removed all instances');
const NEVER_ESTABLISHED = terminating('False', 'NeverEstablished', 'resource was never established');
const STUCK = terminating(
  'True',
  'InstanceDeletionCheck',
  'could not confirm zero CustomResources remaining: context deadline exceeded',
);

const requestOf = (server: Server, method: string): Request => ({
  method,
  path: '',
  query: new URLSearchParams(),
  headers: {},
  signal: server.closing,
  user: SELF,
});

/** Deletes the objects, waits until their finalizers let them go, then lets the definition go. */
export async function finishDeletion(server: Server, kind: StoredKind, crd: Crd): Promise<void> {
  const name = crd.metadata.name!;
  const context = newContext(server, requestOf(server, 'DELETE'), 'crd-cleanup');
  if (!hasCondition(crd, 'Established', 'True')) return release(server, kind, name, NEVER_ESTABLISHED);
  await say(server, kind, name, IN_PROGRESS);
  const since = Date.now();
  let told = false;
  while (!server.closing.aborted) {
    try {
      const left = await deleteInstances(server, crd);
      if (left === 0) return await release(server, kind, name, COMPLETED);
      if (!told && Date.now() - since > PATIENCE_MS) {
        told = true;
        await say(server, kind, name, STUCK);
      }
    } catch (error) {
      server.onBug(error, context);
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
  }
}

/** How many are still there. */
async function deleteInstances(server: Server, crd: Crd): Promise<number> {
  const { group, names } = crd.spec;
  const instances = server.registry.kind(group, names.plural);
  // Objects of the server's own kinds are not those of a definition that has their name.
  if (!instances?.custom) return 0;
  const endpoint = server.registry.storageEndpoint(instances);
  for (const entry of [...instances.cache.range(undefined)]) {
    if (entry.object().metadata.deletionTimestamp) continue;
    const context = newContext(server, requestOf(server, 'DELETE'), 'crd-cleanup');
    context.info = { ...context.info, namespace: entry.namespace, name: entry.name };
    await deleteObject(context, endpoint, entry.key, { dryRun: false }).catch(ignoreGone);
  }
  await server.feed.fresh();
  return instances.cache.size;
}

function ignoreGone(error: unknown): void {
  if (!isNotFound(error) && !isConflict(error)) throw error;
}

const say = (server: Server, kind: StoredKind, name: string, condition: Condition): Promise<void> =>
  rewrite(server, kind, name, 'status', (draft) => setCondition(draft, condition, timestamp(server.now())));

const release = (server: Server, kind: StoredKind, name: string, condition: Condition): Promise<void> =>
  rewrite(server, kind, name, 'status', (draft) => {
    setCondition(draft, condition, timestamp(server.now()));
    draft.metadata.finalizers = (draft.metadata.finalizers ?? []).filter((f) => f !== CLEANUP_FINALIZER);
  });

/** Writes a definition as it is, so that its status is settled by what the others have now. */
export async function settleAnew(server: Server, kind: StoredKind, name: string): Promise<void> {
  try {
    await rewrite(server, kind, name, '', () => {});
  } catch (error) {
    if (!server.closing.aborted) server.onBug(error, newContext(server, requestOf(server, 'PUT'), 'crd-status'));
  }
}

/** Writes a definition as the server itself; one that is gone is none of its business. */
async function rewrite(
  server: Server,
  kind: StoredKind,
  name: string,
  subresource: '' | 'status',
  change: (draft: Crd) => void,
): Promise<void> {
  const endpoint = server.registry.endpointFor(kind, kind.storageApiVersion);
  if (!endpoint) return;
  await modifyExisting(newContext(server, requestOf(server, 'PUT'), 'crd-status'), endpoint, name, {
    subresource,
    dryRun: false,
    change: (old) => {
      const draft = cloneJson(old);
      change(draft as Crd);
      return draft;
    },
    track: () => {},
  });
}
