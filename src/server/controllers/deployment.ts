// Rolls a Deployment's pods from one template to the next through ReplicaSets. This file wakes and claims; one
// reconcile is in deployment/rollout.ts. Upstream: pkg/controller/deployment/deployment_controller.go.
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1.js';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { Deployments, Pods, ReplicaSets } from '../../api/resources.ts';
import { type StatusError, isNotFound } from '../../api/status.ts';
import { objectKey } from '../../api/types.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import type { Lister } from '../../client/informer.ts';
import { type ControllerEnvironment, defineControllerModule } from './_types.ts';
import { Rollout } from './deployment/rollout.ts';
import { SetWrites } from './deployment/set-writes.ts';
import { claimObjects } from './shared/claim.ts';
import { about } from './shared/objects.ts';
import { controlledBy, controlledOrOrphan, controllerOf, indexByController } from './shared/owners.ts';
import { isPodTerminal } from './shared/pods.ts';
import { compiledSelector, ownedSelector } from './shared/selectors.ts';

/** How long the cache may take to show what was written, before it is looked at again. */
const CACHE_WAIT_MS = 20;

interface Listers {
  pods: Lister<Pod>;
  sets: Lister<ReplicaSet>;
  deployments: Lister<Deployment>;
  writes: SetWrites;
}

function setup({ informers }: ControllerEnvironment) {
  const sets = indexByController(informers.for(ReplicaSets));
  const deployments = informers.for(Deployments);
  const listers: Listers = {
    pods: indexByController(informers.for(Pods)),
    sets,
    deployments: deployments.lister,
    writes: new SetWrites(sets),
  };
  deployments.addHandler({ delete: ({ metadata }) => listers.writes.forget(metadata?.uid ?? '') });
  return [
    defineController({
      name: 'deployment',
      for: Deployments,
      owns: [ReplicaSets],
      watches: [
        watch(ReplicaSets, (rs) => adopters(rs, listers.deployments)),
        watch(Pods, (pod, old) => wakeRecreate(pod, old, listers)),
      ],
      workers: 5,
      reconcile: (context, key) => reconcile(context, key, listers),
    }),
  ];
}

/** A set that nobody controls wakes every Deployment that could adopt it. */
function adopters(rs: ReplicaSet, deployments: Lister<Deployment>): string[] {
  if (controllerOf(rs) || !rs.metadata?.labels) return [];
  const labels = rs.metadata.labels;
  return deployments
    .list(rs.metadata.namespace)
    .filter((d) => ownedSelector(d.spec?.selector).matches(labels))
    .map(objectKey);
}

/** Recreate waits for the old pods to end, so their end must wake it. Other strategies look at sets alone. */
function wakeRecreate(pod: Pod, old: Pod | undefined, { sets, deployments }: Listers): string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet' || (old && isPodTerminal(old) === isPodTerminal(pod))) return [];
  const rs = sets.get(`${pod.metadata?.namespace}/${owner.name}`);
  const name = rs && controllerOf(rs)?.name;
  const deployment = name === undefined ? undefined : deployments.get(`${pod.metadata?.namespace}/${name}`);
  return deployment?.spec?.strategy?.type === 'Recreate' ? [objectKey(deployment)] : [];
}

async function reconcile(context: ControllerContext, key: string, { pods, sets, deployments, writes }: Listers) {
  const cached = deployments.get(key);
  if (!cached?.spec) return;
  if (compiledSelector(cached.spec.selector).empty) {
    const message = 'This deployment is selecting all pods. A non-empty selector is required.';
    context.events.event(about(Deployments, cached), 'Warning', 'SelectingAll', message);
    return;
  }
  if (!(await writes.areSeen(context.client, cached))) return { requeueAfterMs: CACHE_WAIT_MS };
  const selector = ownedSelector(cached.spec.selector);
  const own = await claimObjects(controlledOrOrphan(sets, cached), {
    client: context.client,
    ownerType: Deployments,
    owner: cached,
    type: ReplicaSets,
    matches: (labels) => selector.matches(labels),
  });
  const rollout = new Rollout({
    context,
    deployment: cached,
    sets: own,
    writes,
    oldPodsRun: (newest) =>
      own.some(
        (rs) =>
          rs.metadata?.uid !== newest?.metadata?.uid &&
          controlledBy(pods, rs.metadata?.uid ?? '').some((pod) => !isPodTerminal(pod)),
      ),
  });
  const requeueAfterMs = await rollout.run().catch((error: unknown) => {
    // It went while its status was on the way: the cache says so in a moment.
    const { kind, name } = isNotFound(error) ? ((error as StatusError).status.details ?? {}) : {};
    if (kind === 'deployments' && name === cached.metadata?.name) return undefined;
    throw error;
  });
  if (requeueAfterMs !== undefined) return { requeueAfterMs };
}

export default defineControllerModule({ name: 'deployment', setup });
