// Turns a pod's priority class into a number, and keeps the default class unique.
// Upstream: plugin/pkg/admission/priority/admission.go.
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { PriorityClass } from 'kubernetes-types/scheduling/v1.js';
import type { ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

const PriorityClasses: ResourceType<PriorityClass> = {
  group: 'scheduling.k8s.io',
  version: 'v1',
  plural: 'priorityclasses',
  kind: 'PriorityClass',
  namespaced: false,
};

/** Known without being stored: the cluster's own pods must start before anybody made the objects. */
const SYSTEM: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

const isPodCreation = (request: AdmissionRequest): boolean =>
  request.operation === 'CREATE' && request.resource.group === '' && request.resource.resource === 'pods';

export default defineAdmission({
  name: 'Priority',
  phase: 'mutating',
  handles: (request) =>
    request.subresource === '' &&
    (isPodCreation(request) ||
      (request.resource.resource === 'priorityclasses' && request.resource.group === PriorityClasses.group)),
  admit(request, context) {
    if (!isPodCreation(request)) return;
    const spec = (request.object as unknown as Pod).spec;
    if (!spec) return;
    const found = spec.priorityClassName ? classOf(spec.priorityClassName, request, context) : defaultClass(context);
    const { value, preemptionPolicy } = found;
    if (!spec.priorityClassName && found.name) spec.priorityClassName = found.name;
    if (spec.priority !== undefined && spec.priority !== value) {
      throw newForbidden(
        request,
        `the integer value of priority (${spec.priority}) must not be provided in pod spec; ` +
          `priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec.priority = value;
    if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== preemptionPolicy) {
      throw newForbidden(
        request,
        `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; ` +
          `priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
      );
    }
    spec.preemptionPolicy = preemptionPolicy;
  },
  validate(request, context) {
    const added = request.object as unknown as PriorityClass | undefined;
    if (request.resource.resource !== 'priorityclasses' || request.operation === 'DELETE' || !added?.globalDefault)
      return;
    const other = context.lister
      .list(PriorityClasses)
      .find((c) => c.globalDefault && c.metadata?.name !== added.metadata?.name);
    if (!other) return;
    throw newForbidden(
      request,
      `PriorityClass ${other.metadata?.name} is already marked as default. Only one default can exist`,
    );
  },
});

interface Found {
  name?: string;
  value: number;
  preemptionPolicy: string;
}

function classOf(name: string, request: AdmissionRequest, context: AdmissionContext): Found {
  const system = SYSTEM[name];
  if (system !== undefined) return { value: system, preemptionPolicy: 'PreemptLowerPriority' };
  const stored = context.lister.get(PriorityClasses, undefined, name);
  if (!stored) throw newForbidden(request, `no PriorityClass with name ${name} was found`);
  return { value: stored.value, preemptionPolicy: stored.preemptionPolicy ?? 'PreemptLowerPriority' };
}

/** Of several defaults the lowest counts, as upstream: nothing is preempted by accident. */
function defaultClass(context: AdmissionContext): Found {
  let found: PriorityClass | undefined;
  for (const candidate of context.lister.list(PriorityClasses)) {
    if (candidate.globalDefault && (!found || candidate.value < found.value)) found = candidate;
  }
  return found
    ? {
        name: found.metadata?.name,
        value: found.value,
        preemptionPolicy: found.preemptionPolicy ?? 'PreemptLowerPriority',
      }
    : { value: 0, preemptionPolicy: 'PreemptLowerPriority' };
}
