// Rules for services; those of addresses are in service-addresses.ts. Upstream: ValidateService, ValidateServiceUpdate,
// ValidateLoadBalancerStatus. Cluster IPs and node ports may be absent: they are allocated after validation.
import type { ServicePort } from 'kubernetes-types/core/v1.js';
import { portNumberErrors, validateLabels } from '../../names.ts';
import type { ObjectMeta } from '../../types.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import {
  PROTOCOLS,
  cidr,
  dnsLabel,
  dnsSubdomain,
  endpointIp,
  ipAddress,
  ipFamily,
  oneOf,
  portNumberOrName,
  push,
  qualifiedName,
} from './field-rules.ts';
import { isHeadless, validateAddressUpdate, validateAvailability, validateClusterIps } from './service-addresses.ts';
import {
  type Service,
  type ServiceSpec,
  externallyAccessible,
  needsClusterIp,
  needsHealthCheckPort,
} from './service-spec.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86400;
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'";

function port(errors: FieldErrors, path: string, p: ServicePort, needsName: boolean, names: Set<string>): void {
  if (p.name) {
    dnsLabel(errors, `${path}.name`, p.name);
    if (names.has(p.name)) errors.duplicate(`${path}.name`, p.name);
    names.add(p.name);
  } else if (needsName) errors.required(`${path}.name`);
  push(errors, `${path}.port`, p.port ?? 0, portNumberErrors(p.port ?? 0));
  oneOf(errors, `${path}.protocol`, p.protocol, PROTOCOLS);
  portNumberOrName(errors, `${path}.targetPort`, p.targetPort);
  if (p.appProtocol != null) qualifiedName(errors, `${path}.appProtocol`, p.appProtocol);
}

function ports(errors: FieldErrors, spec: ServiceSpec): void {
  const list = spec.ports ?? [];
  const names = new Set<string>();
  for (let i = 0; i < list.length; i++) port(errors, `spec.ports[${i}]`, list[i]!, list.length > 1, names);
}

function portConflicts(errors: FieldErrors, spec: ServiceSpec): void {
  const list = spec.ports ?? [];
  if (spec.type === 'ClusterIP') {
    list.forEach((p, i) => {
      if (p.nodePort) errors.forbidden(`spec.ports[${i}].nodePort`, "may not be used when `type` is 'ClusterIP'");
    });
  }
  if (list.length < 2) return;
  const [used, nodePorts] = [new Set<string>(), new Set<string>()];
  list.forEach((p, i) => {
    if (!p.nodePort) return;
    const key = `${p.protocol}/${p.nodePort}`;
    if (nodePorts.has(key)) errors.duplicate(`spec.ports[${i}].nodePort`, p.nodePort);
    nodePorts.add(key);
  });
  list.forEach((p, i) => {
    const key = `${p.protocol}/${p.port}`;
    const shown = { Name: '', Protocol: p.protocol, AppProtocol: null, Port: p.port, TargetPort: 0, NodePort: 0 };
    if (used.has(key)) errors.duplicate(`spec.ports[${i}]`, new GoStruct(shown));
    used.add(key);
  });
}

function typeRules(errors: FieldErrors, spec: ServiceSpec): void {
  const { type } = spec;
  if (type === 'LoadBalancer' || type === 'NodePort') {
    if (isHeadless(spec)) errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
  } else if (type === 'ExternalName') {
    const why = 'may not be set for ExternalName services';
    if (spec.clusterIPs?.length) errors.forbidden('spec.clusterIPs', why);
    if (spec.ipFamilies?.length) errors.forbidden('spec.ipFamilies', why);
    if (spec.ipFamilyPolicy != null) errors.forbidden('spec.ipFamilyPolicy', why);
    const name = spec.externalName?.replace(/\.$/, '');
    if (!name) errors.required('spec.externalName');
    else dnsSubdomain(errors, 'spec.externalName', name);
  }
}

function affinity(errors: FieldErrors, spec: ServiceSpec): void {
  oneOf(errors, 'spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'ClientIP' && seconds != null && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)) {
    const why = `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`;
    errors.invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', seconds, why);
  }
}

const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/** Spaces around them are allowed: they once stood in an annotation. */
function sourceRanges(errors: FieldErrors, spec: ServiceSpec, metadata: ObjectMeta | undefined): void {
  const isBalanced = spec.type === 'LoadBalancer';
  if (spec.loadBalancerSourceRanges?.length) {
    const field = 'spec.LoadBalancerSourceRanges';
    if (!isBalanced) errors.forbidden(field, ONLY_BALANCED);
    spec.loadBalancerSourceRanges.forEach((range, i) => cidr(errors, `${field}[${i}]`, range.trim()));
    return;
  }
  const annotation = metadata?.annotations?.[SOURCE_RANGES];
  if (annotation === undefined) return;
  const field = `metadata.annotations[${SOURCE_RANGES}]`;
  if (!isBalanced) errors.forbidden(field, ONLY_BALANCED);
  if (annotation.trim()) for (const range of annotation.trim().split(',')) cidr(errors, field, range.trim());
}

function balancer(errors: FieldErrors, spec: ServiceSpec): void {
  const isBalanced = spec.type === 'LoadBalancer';
  if (spec.allocateLoadBalancerNodePorts != null && !isBalanced) {
    errors.forbidden('spec.allocateLoadBalancerNodePorts', ONLY_BALANCED);
  }
  if (spec.loadBalancerClass == null) return;
  if (isBalanced) qualifiedName(errors, 'spec.loadBalancerClass', spec.loadBalancerClass);
  else errors.forbidden('spec.loadBalancerClass', ONLY_BALANCED);
}

function traffic(errors: FieldErrors, spec: ServiceSpec): void {
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal, healthCheckNodePort: health } = spec;
  if (externallyAccessible(spec)) oneOf(errors, 'spec.externalTrafficPolicy', external, ['Cluster', 'Local']);
  else if (external) {
    errors.invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services');
  }
  if (health) {
    if (needsHealthCheckPort(spec)) push(errors, 'spec.healthCheckNodePort', health, portNumberErrors(health));
    else {
      const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
      errors.invalid('spec.healthCheckNodePort', health, why);
    }
  }
  if (internal == null) {
    if (needsClusterIp(spec)) errors.required('spec.internalTrafficPolicy');
  } else if (internal !== 'Cluster' && internal !== 'Local') {
    errors.notSupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']);
  }
  const distribution = (spec as { trafficDistribution?: string }).trafficDistribution;
  const supported = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
  if (distribution != null && !supported.includes(distribution)) {
    errors.notSupported('spec.trafficDistribution', distribution, supported);
  }
}

const HINTS = 'service.kubernetes.io/topology-aware-hints';
const MODE = 'service.kubernetes.io/topology-mode';

export function validateService({ metadata, spec = {} }: Service, errors: FieldErrors): void {
  const [hints, mode] = [metadata?.annotations?.[HINTS], metadata?.annotations?.[MODE]];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    const why = `must match annotations[${HINTS}] when both are specified`;
    errors.invalid(`metadata.annotations[${MODE}]`, mode, why);
  }
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName') errors.required('spec.ports');
  typeRules(errors, spec);
  ports(errors, spec);
  validateLabels(errors, 'spec.selector', spec.selector);
  affinity(errors, spec);
  validateClusterIps(errors, spec);
  spec.externalIPs?.forEach((address, i) => {
    if (ipAddress(errors, `spec.externalIPs[${i}]`, address)) endpointIp(errors, `spec.externalIPs[${i}]`, address);
  });
  oneOf(errors, 'spec.type', spec.type, TYPES);
  portConflicts(errors, spec);
  sourceRanges(errors, spec, metadata as ObjectMeta | undefined);
  balancer(errors, spec);
  traffic(errors, spec);
  if (errors.empty) validateAvailability(errors, spec);
}

const ADDRESS_FIELD = /^spec\.(?:clusterIPs|ipFamilies|ipFamilyPolicy)/;

export function validateServiceUpdate(service: Service, oldService: Service, errors: FieldErrors): void {
  const [now, old] = [service.spec ?? {}, oldService.spec ?? {}];
  // Upstream looks at changes only when what is asked is sound in itself.
  if (!errors.list.some((e) => ADDRESS_FIELD.test(e.field))) validateAddressUpdate(errors, now, old);
  if (now.type === 'LoadBalancer' && old.type === 'LoadBalancer' && now.loadBalancerClass !== old.loadBalancerClass) {
    errors.invalid('spec.loadBalancerClass', now.loadBalancerClass, 'may not change once set');
  }
  if (needsHealthCheckPort(now) && needsHealthCheckPort(old) && now.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
}

/** ValidateLoadBalancerStatus: only a balancer has its addresses. */
export function validateServiceStatus({ spec, status }: Service, _old: Service, errors: FieldErrors): void {
  const list = status?.loadBalancer?.ingress ?? [];
  if (spec?.type !== 'LoadBalancer' && list.length) {
    const why = "may only be used when `spec.type` is 'LoadBalancer'";
    return errors.forbidden('status.loadBalancer.ingress', why);
  }
  list.forEach(({ ip, hostname, ipMode }, i) => {
    const path = `status.loadBalancer.ingress[${i}]`;
    if (ip) ipAddress(errors, `${path}.ip`, ip);
    if (ipMode == null) {
      if (ip) errors.required(`${path}.ipMode`, 'must be specified when `ip` is set');
    } else if (!ip) errors.forbidden(`${path}.ipMode`, 'may not be specified when `ip` is not set');
    else if (ipMode !== 'VIP' && ipMode !== 'Proxy') errors.notSupported(`${path}.ipMode`, ipMode, ['Proxy', 'VIP']);
    if (!hostname) return;
    dnsSubdomain(errors, `${path}.hostname`, hostname);
    if (ipFamily(hostname)) errors.invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address');
  });
}

/** Upstream: pkg/api/service/warnings.go. */
export function serviceWarnings({ metadata, spec = {} }: Service): string[] {
  const out: string[] = [];
  if (metadata?.annotations?.[HINTS] !== undefined) {
    out.push(`annotation ${HINTS} is deprecated, please use ${MODE} instead`);
  }
  if (spec.type === 'ClusterIP' && spec.clusterIP === 'None') {
    if (spec.loadBalancerIP) out.push('spec.loadBalancerIP is ignored for headless services');
    if (spec.externalIPs?.length) out.push('spec.externalIPs is ignored for headless services');
    if (spec.sessionAffinity !== 'None') out.push('spec.SessionAffinity is ignored for headless services');
  }
  if (spec.type === 'ExternalName' && spec.externalIPs?.length) {
    out.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  }
  if (spec.type !== 'ExternalName' && spec.externalName) {
    out.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  }
  return out;
}
