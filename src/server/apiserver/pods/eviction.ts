// The eviction subresource of pods: a delete that asks the pod's disruption budget first.
// Upstream: pkg/registry/core/pod/storage/eviction.go.
import type { Pod, PodCondition } from 'kubernetes-types/core/v1.js';
import { DISRUPTION_TARGET } from '../../../api/disruption.ts';
import { isPodReady } from '../../../api/pod-status.ts';
import { StatusError, badRequest, conflict, isConflict } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import type { SubresourceContext } from '../types.ts';
import { timestamp } from '../verbs/metadata.ts';
import { budgetsOf, grantEviction, guardsUnready, tooManyRequests } from './budgets.ts';

interface DeleteOptions extends Record<string, unknown> {
  dryRun?: string[];
  preconditions?: { uid?: string; resourceVersion?: string };
}
interface EvictedPod extends Unstructured {
  spec?: Pod['spec'];
  status?: { phase?: string; conditions?: PodCondition[] };
}

/** Upstream's EvictionsRetry: 20 attempts. */
const ATTEMPTS = 20;

const SEVERAL_BUDGETS =
  'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.';

const done = (): Unstructured => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });

export async function evict(context: SubresourceContext): Promise<Unstructured> {
  const eviction = await context.body();
  const name = eviction?.metadata?.name;
  if (name && name !== context.name) throw badRequest('name in URL does not match name in Eviction object');
  const options = deleteOptionsOf(context, eviction?.['deleteOptions'] as DeleteOptions | undefined);
  const pod = await evictUnguarded(context, options);
  if (!pod) return done();
  const budgets = budgetsOf(context.lister, pod);
  if (budgets.length > 1) throw new StatusError('', SEVERAL_BUDGETS, undefined, 500);
  const [budget] = budgets;
  if (!budget) {
    await conditionAndDelete(context, options);
    return done();
  }
  if (isPodReady(pod as Pod) || guardsUnready(budget)) {
    await grantEviction(context, budget, isDryRun(options));
    await conditionAndDelete(context, options);
    return done();
  }
  try {
    // Unless it became ready in the meantime.
    await conditionAndDelete(context, boundTo(pod, options));
  } catch (error) {
    if (!isConflict(error) || options.preconditions?.resourceVersion !== undefined) throw error;
    throw tooManyRequests(budget);
  }
  return done();
}

/** Upstream's propagateDryRun. */
function deleteOptionsOf(context: SubresourceContext, sent: DeleteOptions | undefined): DeleteOptions {
  const asked = context.dryRun ? ['All'] : [];
  const own = sent?.dryRun ?? [];
  if (asked.length > 0 && own.length > 0 && own.join() !== asked.join()) {
    const message = `Non-matching dry-run options in request and content: [${asked.join(' ')}] and [${own.join(' ')}]`;
    throw new StatusError('InternalError', message);
  }
  return { kind: 'DeleteOptions', apiVersion: 'v1', ...sent, dryRun: own.length > 0 ? own : asked };
}

const isDryRun = ({ dryRun }: DeleteOptions): boolean => (dryRun ?? []).length > 0;

/** Deletes a pod that no budget can want to keep; answers one that its budget must be asked about. */
async function evictUnguarded(context: SubresourceContext, options: DeleteOptions): Promise<EvictedPod | undefined> {
  for (let attempt = 1; ; attempt++) {
    const pod = (await context.read()) as EvictedPod;
    const phase = pod.status?.phase;
    const isOver = phase === 'Succeeded' || phase === 'Failed' || pod.metadata.deletionTimestamp !== undefined;
    if (!isOver && phase !== 'Pending') return pod;
    const isBound = options.preconditions?.resourceVersion !== undefined;
    try {
      // One that is pending may become ready any moment.
      await conditionAndDelete(context, isOver || isBound ? options : boundTo(pod, options));
      return undefined;
    } catch (error) {
      if (!isConflict(error) || isBound || attempt === ATTEMPTS) throw error;
    }
  }
}

const boundTo = (pod: EvictedPod, options: DeleteOptions): DeleteOptions =>
  options.preconditions?.resourceVersion === undefined
    ? { ...options, preconditions: { ...options.preconditions, resourceVersion: pod.metadata.resourceVersion } }
    : options;

/** Upstream: addConditionAndDeletePod. The pod says who ends it before it goes. */
async function conditionAndDelete(context: SubresourceContext, options: DeleteOptions): Promise<void> {
  if (isDryRun(options)) return context.remove(options);
  const now = timestamp((context.options.clock ?? Date).now());
  const written = await context.modifyUnseen((draft) => {
    checkPreconditions(draft, options);
    setTarget(draft as EvictedPod, now);
  });
  const { preconditions } = options;
  const resourceVersion = written.metadata.resourceVersion;
  await context.remove(
    preconditions?.resourceVersion === undefined
      ? options
      : { ...options, preconditions: { ...preconditions, resourceVersion } },
  );
}

function checkPreconditions({ metadata }: Unstructured, { preconditions }: DeleteOptions): void {
  const { uid, resourceVersion } = preconditions ?? {};
  const refuse = (why: string): StatusError => conflict({ group: '', plural: 'Pod' }, metadata.name ?? '', why);
  if (uid && uid !== metadata.uid) {
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). ` +
        'The object might have been deleted and then recreated',
    );
  }
  if (resourceVersion && resourceVersion !== metadata.resourceVersion) {
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record ` +
        `(${metadata.resourceVersion}). The object might have been modified`,
    );
  }
}

function setTarget(pod: EvictedPod, now: string): void {
  const status = (pod.status ??= {});
  const old = status.conditions?.find((c) => c.type === DISRUPTION_TARGET);
  const condition = {
    type: DISRUPTION_TARGET,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    status: 'True',
    lastProbeTime: null as never,
    lastTransitionTime: old?.status === 'True' ? old.lastTransitionTime : now,
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
  };
  status.conditions = old
    ? status.conditions!.map((c) => (c === old ? condition : c))
    : [...(status.conditions ?? []), condition];
}
