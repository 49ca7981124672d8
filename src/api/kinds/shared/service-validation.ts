// Rules for services. Upstream: ValidateService, ValidateServiceClusterIPsRelatedFields, ValidateServiceUpdate.
// Cluster IPs and node ports may be absent: they are allocated after validation.
import type { ServicePort } from 'kubernetes-types/core/v1.js';
import { portNumberErrors, validateLabels } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
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
import { type Service, type ServiceSpec, externallyAccessible, needsHealthCheckPort } from './service-spec.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_AFFINITY_SECONDS = 86400;

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

function ports(errors: FieldErrors, spec: ServiceSpec, isHeadless: boolean): void {
  const list = spec.ports ?? [];
  if (!list.length && !isHeadless && spec.type !== 'ExternalName') errors.required('spec.ports');
  const names = new Set<string>();
  list.forEach((p, i) => port(errors, `spec.ports[${i}]`, p, list.length > 1, names));
  const [used, nodePorts] = [new Set<string>(), new Set<string>()];
  list.forEach((p, i) => {
    const path = `spec.ports[${i}]`;
    if (p.nodePort) {
      if (spec.type === 'ClusterIP') {
        errors.forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'");
      }
      const key = `${p.protocol}/${p.nodePort}`;
      if (nodePorts.has(key)) errors.duplicate(`${path}.nodePort`, p.nodePort);
      nodePorts.add(key);
    }
    const key = `${p.protocol}/${p.port}`;
    if (used.has(key))
      errors.duplicate(path, { name: '', protocol: p.protocol, port: p.port, targetPort: 0, nodePort: 0 });
    used.add(key);
  });
}

function typeRules(errors: FieldErrors, spec: ServiceSpec, isHeadless: boolean): void {
  switch (spec.type) {
    case 'LoadBalancer':
    case 'NodePort':
      if (isHeadless)
        errors.invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`);
      break;
    case 'ExternalName': {
      if (spec.clusterIPs?.length) errors.forbidden('spec.clusterIPs', 'may not be set for ExternalName services');
      const name = spec.externalName?.replace(/\.$/, '');
      if (!name) errors.required('spec.externalName');
      else dnsSubdomain(errors, 'spec.externalName', name);
      break;
    }
    default:
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

function clusterIps(errors: FieldErrors, spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') {
    if (spec.ipFamilyPolicy != null)
      errors.forbidden('spec.ipFamilyPolicy', 'may not be set for ExternalName services');
    if (spec.ipFamilies?.length) errors.forbidden('spec.ipFamilies', 'may not be set for ExternalName services');
    return;
  }
  const list = spec.clusterIPs ?? [];
  if (list.length && spec.clusterIP !== list[0]) {
    errors.invalid('spec.clusterIPs', list, 'first value must match `clusterIP`');
  }
  if (list.length > 2) errors.invalid('spec.clusterIPs', list, 'may only hold up to 2 values');
  list.forEach((address, i) => {
    if (address === 'None') {
      if (list.length > 1)
        errors.invalid(
          `spec.clusterIPs[${i}]`,
          address,
          'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        );
    } else ipAddress(errors, `spec.clusterIPs[${i}]`, address);
  });
  if (list.length === 2 && ipFamily(list[0]!) !== 0 && ipFamily(list[0]!) === ipFamily(list[1]!)) {
    errors.invalid('spec.clusterIPs', list, 'may specify no more than one IP for each IP family');
  }
  const families = spec.ipFamilies ?? [];
  families.forEach((family, i) => {
    if (family !== 'IPv4' && family !== 'IPv6') {
      errors.notSupported(`spec.ipFamilies[${i}]`, family, ['IPv4', 'IPv6']);
    } else if (families.indexOf(family) < i) errors.duplicate(`spec.ipFamilies[${i}]`, family);
  });
  const policy = spec.ipFamilyPolicy;
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (policy != null && !policies.includes(policy)) errors.notSupported('spec.ipFamilyPolicy', policy, policies);
  list.forEach((address, i) => {
    const family = ipFamily(address);
    if (!family || !families[i] || families[i] === `IPv${family}`) return;
    errors.invalid(
      `spec.clusterIPs[${i}]`,
      address,
      `expected an ${families[i]} value as indicated by \`ipFamilies[${i}]\``,
    );
  });
}

function traffic(errors: FieldErrors, spec: ServiceSpec): void {
  if (spec.loadBalancerSourceRanges?.length) {
    const field = 'spec.LoadBalancerSourceRanges';
    if (spec.type !== 'LoadBalancer') errors.forbidden(field, "may only be used when `type` is 'LoadBalancer'");
    spec.loadBalancerSourceRanges.forEach((range, i) => cidr(errors, `${field}[${i}]`, range.trim()));
  }
  if (spec.allocateLoadBalancerNodePorts != null && spec.type !== 'LoadBalancer') {
    errors.forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'");
  }
  if (spec.loadBalancerClass != null) {
    if (spec.type !== 'LoadBalancer') {
      errors.forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'");
    } else qualifiedName(errors, 'spec.loadBalancerClass', spec.loadBalancerClass);
  }
  const { externalTrafficPolicy: external, internalTrafficPolicy: internal } = spec;
  if (!externallyAccessible(spec)) {
    if (external) {
      errors.invalid('spec.externalTrafficPolicy', external, 'may only be set for externally-accessible services');
    }
  } else oneOf(errors, 'spec.externalTrafficPolicy', external, ['Cluster', 'Local']);
  if (!needsHealthCheckPort(spec) && spec.healthCheckNodePort) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, why);
  }
  if (internal != null && internal !== 'Cluster' && internal !== 'Local') {
    errors.notSupported('spec.internalTrafficPolicy', internal, ['Cluster', 'Local']);
  }
  const distribution = (spec as { trafficDistribution?: string }).trafficDistribution;
  const supported = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  if (distribution != null && !supported.includes(distribution)) {
    errors.notSupported('spec.trafficDistribution', distribution, supported);
  }
}

export function validateService(service: Service, errors: FieldErrors): void {
  const spec = service.spec ?? {};
  const isHeadless = spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None';
  if (spec.type !== 'ExternalName' && !spec.ports?.length && !isHeadless) errors.required('spec.ports');
  else ports(errors, spec, isHeadless);
  typeRules(errors, spec, isHeadless);
  validateLabels(errors, 'spec.selector', spec.selector);
  affinity(errors, spec);
  clusterIps(errors, spec);
  spec.externalIPs?.forEach((address, i) => {
    if (ipAddress(errors, `spec.externalIPs[${i}]`, address)) endpointIp(errors, `spec.externalIPs[${i}]`, address);
  });
  oneOf(errors, 'spec.type', spec.type, TYPES);
  traffic(errors, spec);
}

/** Upstream: validateUpgradeDowngradeClusterIPs, _IPFamilies, validateLoadBalancerClassField. */
export function validateServiceUpdate(service: Service, oldService: Service, errors: FieldErrors): void {
  const [now, old] = [service.spec ?? {}, oldService.spec ?? {}];
  if (now.type !== 'ExternalName' && old.type !== 'ExternalName') {
    const [ips, oldIps] = [now.clusterIPs ?? [], old.clusterIPs ?? []];
    if (oldIps.length && ips[0] !== oldIps[0]) {
      if (!ips.length) errors.invalid('spec.clusterIPs[0]', ips, 'primary clusterIP can not be unset');
      else errors.invalid('spec.clusterIPs[0]', ips, 'may not change once set');
    } else if (oldIps.length === 2 && ips.length === 2 && ips[1] !== oldIps[1]) {
      errors.invalid('spec.clusterIPs[1]', ips, 'may not change once set');
    }
    const [family, oldFamily] = [now.ipFamilies?.[0], old.ipFamilies?.[0]];
    if (oldFamily && family !== oldFamily) {
      if (!family) errors.invalid('spec.ipFamilies[0]', now.ipFamilies ?? [], 'primary ipFamily can not be unset');
      else errors.invalid('spec.ipFamilies[0]', now.ipFamilies, 'may not change once set');
    }
  }
  if (now.type === 'LoadBalancer' && old.type === 'LoadBalancer' && now.loadBalancerClass !== old.loadBalancerClass) {
    errors.invalid('spec.loadBalancerClass', now.loadBalancerClass, 'may not change once set');
  }
  if (needsHealthCheckPort(now) && needsHealthCheckPort(old) && now.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.forbidden('spec.healthCheckNodePort', 'field is immutable');
  }
}
