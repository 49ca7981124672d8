// The binding subresource of pods: a scheduler's decision. Upstream: pkg/registry/core/pod/storage (BindingREST).
import { StatusError, badRequest, conflict } from '../../../api/status.ts';
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors, aggregate } from '../../../api/validation.ts';
import { timestamp } from '../verbs/metadata.ts';
import { failedPrecondition } from '../verbs/preconditions.ts';
import type { SubresourceContext } from '../types.ts';

interface Binding extends Unstructured {
  target?: { kind?: string; name?: string };
}
interface Condition {
  type: string;
  status: string;
  lastProbeTime?: null;
  lastTransitionTime?: string;
}
interface Pod extends Unstructured {
  spec: { nodeName?: string; schedulingGates?: object[] };
  status?: { conditions?: Condition[] };
}

const RESOURCE = { group: '', plural: 'pods/binding' };

export async function bind(context: SubresourceContext): Promise<Unstructured> {
  const binding = (await context.body()) as Binding | undefined;
  if (!binding) throw badRequest('the request has no Binding');
  const { name, namespace } = binding.metadata ?? {};
  if ((name ?? '') !== context.name) throw badRequest('name in URL does not match name in Binding object');
  if (namespace && namespace !== context.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const target = check(binding);
  const now = timestamp((context.options.clock ?? Date).now());
  // Upstream writes past the strategy and past admission, which was asked about the binding.
  await context.modifyUnseen((draft) => assign(draft as Pod, binding, target, now));
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}

/** Upstream: ValidatePodBinding, whose errors it does not answer as Invalid. Answers the node's name. */
function check({ target }: Binding): string {
  const errors = new FieldErrors();
  if (target?.kind && target.kind !== 'Node') errors.notSupported('target.kind', target.kind, ['Node', '<empty>']);
  if (!target?.name) errors.required('target.name');
  if (!errors.empty) throw new StatusError('', aggregate(errors), undefined, 500);
  return target!.name!;
}

function assign(pod: Pod, binding: Binding, node: string, now: string): void {
  const name = pod.metadata.name!;
  const { uid, resourceVersion, annotations, labels } = binding.metadata ?? {};
  const { namespace } = pod.metadata;
  const failed = failedPrecondition(
    { resource: RESOURCE, namespace, name, metadata: pod.metadata },
    { ...(uid ? { uid } : {}), ...(resourceVersion ? { resourceVersion } : {}) },
  );
  if (failed) throw failed;
  if (pod.metadata.deletionTimestamp) {
    throw conflict(RESOURCE, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec.nodeName) {
    throw conflict(RESOURCE, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  }
  if (pod.spec.schedulingGates?.length)
    throw conflict(RESOURCE, name, `pod ${name} has non-empty .spec.schedulingGates`);
  pod.spec.nodeName = node;
  if (annotations) pod.metadata.annotations = { ...pod.metadata.annotations, ...annotations };
  if (labels) pod.metadata.labels = { ...pod.metadata.labels, ...labels };
  const status = (pod.status ??= {});
  const rest = (status.conditions ?? []).filter((c) => c.type !== 'PodScheduled');
  status.conditions = [...rest, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }];
}
