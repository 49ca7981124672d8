// What a Service's type implies: defaults, which fields a change of type drops, which allocated values are kept.
// Upstream: pkg/registry/core/service/{strategy,storage/storage,storage/alloc}.go. Allocation itself is a hook.
import type { Service as CoreService, ServiceSpec as CoreServiceSpec } from 'kubernetes-types/core/v1.js';
import { honourServiceAnnotations } from './old-annotations.ts';

export type ServiceSpec = CoreServiceSpec;
export interface Service extends Omit<CoreService, 'status'> {
  status?: {
    loadBalancer?: { ingress?: { ip?: string; hostname?: string; ipMode?: string }[] };
    conditions?: unknown[];
  };
}

export const needsClusterIp = (spec: ServiceSpec | undefined): boolean =>
  spec?.type === 'ClusterIP' || spec?.type === 'NodePort' || spec?.type === 'LoadBalancer';
export const needsNodePort = (spec: ServiceSpec | undefined): boolean =>
  spec?.type === 'NodePort' || (spec?.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
export const needsHealthCheckPort = (spec: ServiceSpec | undefined): boolean =>
  spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
export const externallyAccessible = (spec: ServiceSpec | undefined): boolean =>
  spec?.type === 'LoadBalancer' ||
  spec?.type === 'NodePort' ||
  (spec?.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

/** SetDefaults_Service. */
export function defaultService(draft: Service): void {
  const spec = (draft.spec ??= {});
  honourServiceAnnotations(draft.metadata?.annotations, spec);
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  else if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds == null) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } };
  }
  spec.type ||= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    if (!port.targetPort) port.targetPort = port.port;
  }
  if (externallyAccessible(spec)) spec.externalTrafficPolicy ||= 'Cluster';
  if (needsClusterIp(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of draft.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}

/** Policy and families follow from what is asked; the cluster has one family. Upstream: initIPFamilyFields. */
export function defaultFamilies(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  const isOpen = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  spec.ipFamilyPolicy ??= isOpen ? 'RequireDualStack' : 'SingleStack';
  if (!spec.ipFamilies?.length) {
    // An address of the other family is refused, and so gives none.
    if ((spec.clusterIPs?.[0] ?? '').includes(':')) return;
    spec.ipFamilies = ['IPv4'];
  }
  if (isOpen && spec.ipFamilies.length < 2 && spec.ipFamilyPolicy !== 'SingleStack') {
    spec.ipFamilies.push(spec.ipFamilies[0] === 'IPv4' ? 'IPv6' : 'IPv4');
  }
}

/** A policy that says one family lets the second go, when the client did not touch the lists. */
export function releaseSecond(spec: ServiceSpec, old: ServiceSpec): void {
  if (spec.ipFamilyPolicy !== 'SingleStack') return;
  for (const field of ['clusterIPs', 'ipFamilies'] as const) {
    const list = spec[field];
    if (list && list.length > 1 && list.join() === old[field]?.join()) spec[field] = list.slice(0, 1);
  }
}

/** Keeps clusterIP and clusterIPs one. Upstream: NormalizeClusterIPs. */
export function normalizeClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  // Clients empty it to say that there is none.
  if (spec.clusterIP === '') delete spec.clusterIP;
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    else if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0]!;
    return;
  }
  const sameOld = spec.clusterIPs?.join() === old.clusterIPs?.join();
  if (spec.clusterIP !== old.clusterIP) {
    // A client of one family cleared or changed clusterIP and knows nothing of the list.
    if (!spec.clusterIP && sameOld) delete spec.clusterIPs;
    else if (spec.clusterIP && sameOld) spec.clusterIPs = [spec.clusterIP];
  }
}

/** An update that leaves out what was allocated keeps it. Upstream: patchAllocatedValues. */
export function keepAllocated(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && needsClusterIp(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP && old.clusterIPs) {
      spec.clusterIPs = [...old.clusterIPs];
    }
  }
  if (needsNodePort(old) && needsNodePort(spec)) keepNodePorts(spec, old);
  if (needsHealthCheckPort(old) && needsHealthCheckPort(spec) && old.healthCheckNodePort) {
    spec.healthCheckNodePort ||= old.healthCheckNodePort;
  }
  if (spec.type === 'ExternalName') return;
  if (old.ipFamilies) spec.ipFamilies ??= [...old.ipFamilies];
  if (old.ipFamilyPolicy) spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const before = new Map((old.ports ?? []).map((p) => [p.name ?? '', p.nodePort ?? 0]));
  const taken = new Set((spec.ports ?? []).map((p) => p.nodePort ?? 0));
  for (const port of spec.ports ?? []) {
    const value = before.get(port.name ?? '') ?? 0;
    if (port.nodePort || !value || taken.has(value)) continue;
    port.nodePort = value;
    taken.add(value);
  }
}

/** A field that a change of type made pointless goes, unless the client set it anew. Upstream: dropTypeDependentFields. */
export function dropTypeDependent(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIp(old) && !needsClusterIp(spec)) {
    if (spec.clusterIP === old.clusterIP) {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    delete spec.ipFamilies;
    delete spec.ipFamilyPolicy;
    if (spec.internalTrafficPolicy === old.internalTrafficPolicy) delete spec.internalTrafficPolicy;
  }
  if (needsNodePort(old) && !needsNodePort(spec)) {
    const before = new Set((old.ports ?? []).map((p) => p.nodePort));
    for (const port of spec.ports ?? []) if (before.has(port.nodePort)) delete port.nodePort;
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec)) {
    if (spec.healthCheckNodePort === old.healthCheckNodePort) delete spec.healthCheckNodePort;
  }
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts)
      delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (!externallyAccessible(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) {
    delete spec.externalTrafficPolicy;
  }
}
