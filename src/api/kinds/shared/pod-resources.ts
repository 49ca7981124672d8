// Resources of a whole pod (PodLevelResources): what follows from the containers', and that both agree. Upstream:
// defaultPodRequests and defaultHugePagePodLimits in defaults.go, validatePodResourceConsistency,
// AggregateContainerRequests in component-helpers/resource.
import { type Quantity, addQuantities, compareQuantities, formatQuantity, parseQuantity } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import type { PodSpec } from './pod-types.ts';
import { type ResourceList, overcommitAllowed, podResourceRequirements } from './resource-list.ts';

type Amounts = Map<string, Quantity>;

const isPodLevel = (name: string): boolean => name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');

function addList(to: Amounts, list: ResourceList | undefined): void {
  for (const name in list) {
    const value = parseQuantity(list[name]!);
    const before = to.get(name);
    to.set(name, before ? addQuantities(before, value) : value);
  }
}

function raise(to: Amounts, by: Amounts): void {
  for (const [name, value] of by) {
    const before = to.get(name);
    if (!before || value.nanos > before.nanos) to.set(name, value);
  }
}

/** What the containers need together: init containers run one by one, side cars beside all that come after. */
function aggregate(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  const total: Amounts = new Map();
  const [sidecars, peak]: [Amounts, Amounts] = [new Map(), new Map()];
  for (const c of spec.containers ?? []) addList(total, c.resources?.[which]);
  for (const c of spec.initContainers ?? []) {
    if (c.restartPolicy === 'Always') {
      addList(total, c.resources?.[which]);
      addList(sidecars, c.resources?.[which]);
      raise(peak, sidecars);
      continue;
    }
    const needed: Amounts = new Map(sidecars);
    addList(needed, c.resources?.[which]);
    raise(peak, needed);
  }
  raise(total, peak);
  return total;
}

/** After the containers' own defaults. Only what is partly said already is completed. */
export function defaultPodResources(spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  if (resources.requests || resources.limits) {
    for (const [name, value] of aggregate(spec, 'limits')) {
      if (!name.startsWith('hugepages-') || resources.requests?.[name] !== undefined) continue;
      (resources.limits ??= {})[name] ??= formatQuantity(value);
    }
  }
  const limits = resources.limits ?? {};
  if (Object.keys(limits).length === 0) return;
  const requests: ResourceList = { ...resources.requests };
  for (const [name, value] of aggregate(spec, 'requests')) {
    if (isPodLevel(name) && overcommitAllowed(name)) requests[name] ??= formatQuantity(value);
  }
  for (const name in limits) if (isPodLevel(name)) requests[name] ??= limits[name]!;
  if (Object.keys(requests).length) resources.requests = requests;
}

export function validatePodResources(errors: FieldErrors, path: string, spec: PodSpec): void {
  const { resources } = spec;
  if (!resources) return;
  podResourceRequirements(errors, path, resources);
  for (const [name, needed] of aggregate(spec, 'requests')) {
    const given = resources.requests?.[name] ?? '0';
    if (compareQuantities(needed, given) <= 0) continue;
    const why = `must be greater than or equal to aggregate container requests of ${formatQuantity(needed)}`;
    errors.invalid(`${path}.requests[${name}]`, given, why);
  }
  spec.containers?.forEach((c, i) => {
    for (const name in c.resources?.limits) {
      const [limit, all] = [c.resources!.limits![name]!, resources.limits?.[name]];
      if (all === undefined || compareQuantities(limit, all) <= 0) continue;
      const why = `must be less than or equal to pod limits of ${all}`;
      errors.invalid(`${path}.containers[${i}][${name}].limits`, limit, why);
    }
  });
}
