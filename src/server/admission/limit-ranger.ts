// Fills in the requests and limits that a namespace's LimitRanges prescribe, and refuses what is out of their bounds.
// Upstream: plugin/pkg/admission/limitranger/admission.go.
import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { containerAmounts } from '../../api/pod-amounts.ts';
import { compareQuantities, formatQuantity, parseQuantity } from '../../api/quantity.ts';
import type { ResourceType } from '../../api/types.ts';
import { newForbidden } from './_forbidden.ts';
import { type AdmissionRequest, defineAdmission } from './types.ts';

const LimitRanges: ResourceType<LimitRange> = {
  group: '',
  version: 'v1',
  plural: 'limitranges',
  kind: 'LimitRange',
  namespaced: true,
};
const ANNOTATION = 'kubernetes.io/limit-ranger';

type ResourceList = Record<string, string>;

/** Operation and subresource. */
const PODS = new Set(['CREATE ', 'UPDATE resize']);
const CLAIMS = new Set(['CREATE ', 'UPDATE ']);

const isPod = (request: AdmissionRequest): boolean => request.resource.resource === 'pods';

export default defineAdmission({
  name: 'LimitRanger',
  phase: 'mutating',
  // What a pod asks for changes through one subresource alone; a claim can grow.
  handles: (request) => {
    const { operation, resource, subresource } = request;
    if (resource.group !== '' || request.oldObject?.metadata.deletionTimestamp) return false;
    if (isPod(request)) return PODS.has(`${operation} ${subresource}`);
    return resource.resource === 'persistentvolumeclaims' && CLAIMS.has(`${operation} ${subresource}`);
  },
  admit(request, context) {
    if (!isPod(request)) return;
    for (const range of context.lister.list(LimitRanges, request.namespace)) {
      setDefaults(request.object as unknown as Pod, range);
    }
  },
  validate(request, context) {
    for (const range of context.lister.list(LimitRanges, request.namespace)) {
      const failures = [...new Set(check(request, range))];
      if (failures.length === 0) continue;
      throw newForbidden(request, failures.length === 1 ? failures[0]! : `[${failures.join(', ')}]`);
    }
  },
});

function setDefaults(pod: Pod, range: LimitRange): void {
  const items = (range.spec?.limits ?? []).filter((item) => item.type === 'Container');
  const limits = Object.assign({}, ...items.map((item) => item.default)) as ResourceList;
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest)) as ResourceList;
  const done: string[] = [];
  const fill = (container: Container, what: 'limits' | 'requests', from: ResourceList, label: string): void => {
    const resources = (container.resources ??= {});
    const missing = Object.keys(from).filter((name) => resources[what]?.[name] === undefined);
    if (missing.length === 0) return;
    resources[what] = { ...resources[what], ...Object.fromEntries(missing.map((name) => [name, from[name]!])) };
    done.push(`${missing.sort().join(', ')} ${what.slice(0, -1)} for ${label} ${container.name}`);
  };
  for (const [containers, label] of [
    [pod.spec?.containers, 'container'],
    [pod.spec?.initContainers, 'init container'],
  ] as const) {
    for (const container of containers ?? []) {
      fill(container, 'requests', requests, label);
      fill(container, 'limits', limits, label);
    }
  }
  if (done.length === 0) return;
  const metadata = (pod.metadata ??= {});
  metadata.annotations = { ...metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${done.join('; ')}` };
}

function check(request: AdmissionRequest, range: LimitRange): string[] {
  const failures: string[] = [];
  for (const item of range.spec?.limits ?? []) {
    if (!isPod(request)) {
      const claim = request.object as unknown as PersistentVolumeClaim;
      if (item.type === 'PersistentVolumeClaim') failures.push(...checkClaim(item, claim));
    } else {
      const pod = request.object as unknown as Pod;
      if (item.type === 'Container') failures.push(...containersOf(pod).flatMap((c) => bounds(item, c)));
      else if (item.type === 'Pod') failures.push(...bounds(item, podTotals(pod)));
    }
  }
  return failures;
}

interface Amounts {
  requests: ResourceList;
  limits: ResourceList;
}

const amountsOf = (container: Container): Amounts => ({
  requests: container.resources?.requests ?? {},
  limits: container.resources?.limits ?? {},
});
const containersOf = (pod: Pod): Amounts[] =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(amountsOf);

function podTotals(pod: Pod): Amounts {
  const total = (what: keyof Amounts): ResourceList =>
    Object.fromEntries([...containerAmounts(pod, what)].map(([name, amount]) => [name, formatQuantity(amount)]));
  return { requests: total('requests'), limits: total('limits') };
}

function bounds(item: LimitRangeItem, { requests, limits }: Amounts): string[] {
  const failures: string[] = [];
  const per = `usage per ${item.type}`;
  for (const [name, least] of Object.entries(item.min ?? {})) {
    const [request, limit] = [requests[name], limits[name]];
    const start = `minimum ${name} ${per} is ${least}`;
    if (request === undefined) failures.push(`${start}.  No request is specified`);
    else if (compareQuantities(request, least) < 0) failures.push(`${start}, but request is ${request}`);
    else if (limit !== undefined && compareQuantities(limit, least) < 0)
      failures.push(`${start}, but limit is ${limit}`);
  }
  for (const [name, most] of Object.entries(item.max ?? {})) {
    const [request, limit] = [requests[name], limits[name]];
    const start = `maximum ${name} ${per} is ${most}`;
    if (limit === undefined) failures.push(`${start}.  No limit is specified`);
    else if (compareQuantities(limit, most) > 0) failures.push(`${start}, but limit is ${limit}`);
    else if (request !== undefined && compareQuantities(request, most) > 0) {
      failures.push(`${start}, but request is ${request}`);
    }
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const start = `${name} max limit to request ratio per ${item.type} is ${ratio}`;
    const [request, limit] = [nanos(requests[name]), nanos(limits[name])];
    if (request === 0) failures.push(`${start}, but no request is specified or request is 0`);
    else if (limit === 0) failures.push(`${start}, but no limit is specified or limit is 0`);
    else if (limit / request > nanos(ratio) / 1e9) {
      failures.push(`${start}, but provided ratio is ${(limit / request).toFixed(6)}`);
    }
  }
  return failures;
}

const nanos = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : Number(parseQuantity(quantity).nanos);

function checkClaim(item: LimitRangeItem, claim: PersistentVolumeClaim): string[] {
  const requests = claim.spec?.resources?.requests ?? {};
  const failures: string[] = [];
  for (const [name, least] of Object.entries(item.min ?? {})) {
    const request = requests[name];
    const start = `minimum ${name} usage per ${item.type} is ${least}`;
    if (request === undefined) failures.push(`${start}.  No request is specified`);
    else if (compareQuantities(request, least) < 0) failures.push(`${start}, but request is ${request}`);
  }
  for (const [name, most] of Object.entries(item.max ?? {})) {
    const request = requests[name];
    const start = `maximum ${name} usage per ${item.type} is ${most}`;
    if (request === undefined) failures.push(`${start}.  No request is specified`);
    else if (compareQuantities(request, most) > 0) failures.push(`${start}, but request is ${request}`);
  }
  return failures;
}
