// Empties a namespace that is being deleted, says what keeps it, and lets it go. Upstream: pkg/controller/namespace.
import type { Namespace } from 'kubernetes-types/core/v1.js';
import { Namespaces, Pods } from '../../api/resources.ts';
import { isNotFound, isReason } from '../../api/status.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import { namespaceConditions } from './namespace/conditions.ts';
import { deleteContent } from './namespace/content.ts';
import { about } from './shared/objects.ts';

const FINALIZER = 'kubernetes';
const FRESH_MS = 20_000;

async function writeStatus({ client }: ControllerContext, ns: Namespace, status: Namespace['status']) {
  return client.updateStatus(Namespaces, { ...ns, status: { ...ns.status, ...status } });
}

async function finalize({ client }: ControllerContext, ns: Namespace): Promise<void> {
  const { name = '', uid } = ns.metadata ?? {};
  if (ns.spec?.finalizers?.includes(FINALIZER)) {
    const finalizers = ns.spec.finalizers.filter((f) => f !== FINALIZER);
    const next = { ...about(Namespaces, ns), spec: { ...ns.spec, finalizers } };
    await client.update(Namespaces, next, { subresource: 'finalize' });
  }
  // Servers that do not remove a finalized namespace by themselves are asked to.
  try {
    await client.delete(Namespaces, { name }, { preconditions: { uid } });
  } catch (error) {
    if (!isReason(error, 'NotFound', 'Conflict')) throw error;
  }
}

async function reconcile(context: ControllerContext, key: string) {
  const { client, clock, lister } = context;
  if (!lister(Namespaces).get(key)?.metadata?.deletionTimestamp) return;
  try {
    // Several parties write to a namespace that goes: only the live one counts.
    let ns = await client.get(Namespaces, { name: key });
    if (!ns.metadata?.deletionTimestamp) return;
    if (ns.status?.phase !== 'Terminating') ns = await writeStatus(context, ns, { phase: 'Terminating' });
    if (ns.spec?.finalizers?.includes(FINALIZER)) {
      const content = await deleteContent(client, key);
      const conditions = namespaceConditions(ns.status?.conditions, content, clock.now());
      if (conditions) ns = await writeStatus(context, ns, { conditions });
      if (content.errors.length > 0) throw new Error(content.errors.join(', '));
      if (content.undiscovered.length > 0) throw new Error(`undiscovered: ${content.undiscovered.join(', ')}`);
      if (content.remaining.size > 0) {
        // Most finalizers are quick; only who takes long is asked seldom.
        const fresh = clock.now() - Date.parse(ns.metadata?.deletionTimestamp ?? '') < FRESH_MS;
        return { requeueAfterMs: fresh ? 1_000 : (content.estimateSeconds / 2 + 1) * 1_000 };
      }
    }
    await finalize(context, ns);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineController({
  name: 'namespace',
  for: Namespaces,
  filter: (ns) => ns.metadata?.deletionTimestamp !== undefined,
  watches: [
    // The last pod's end lets the rest go at once, without waiting for the next look.
    watch(Pods, (pod, old, { lister }) => {
      const namespace = pod.metadata?.namespace ?? '';
      if (old || !lister(Namespaces).get(namespace)?.metadata?.deletionTimestamp) return [];
      return lister(Pods).count(namespace) === 0 ? [namespace] : [];
    }),
  ],
  workers: 10,
  reconcile,
});
