// Rules for a whole pod spec, in a pod or in a template. Upstream: ValidatePodSpec, ValidatePodTemplateSpec.
import { dns1123UnderscoreErrors, rangeMessage, validateAnnotations, validateLabels } from '../../names.ts';
import { type LabelSelector, selectorFromObject } from '../../selector.ts';
import { type FieldErrors, GoStruct } from '../../validation.ts';
import { dnsLabel, dnsSubdomain, ipAddress, labelSelector, oneOf, push, qualifiedName } from './field-rules.ts';
import { validateAnnotationsMatchFields, validatePodAnnotations } from './pod-annotations.ts';
import { trimmedImage, validateAllContainers } from './pod-containers.ts';
import { validateAffinity, validateTolerations, validateTopologySpread } from './pod-scheduling.ts';
import { validatePodResources } from './pod-resources.ts';
import { validateHostUsers, validatePodSecurity } from './pod-security.ts';
import type { PodSpec, PodTemplate } from './pod-types.ts';
import { validateVolumes } from './pod-volumes.ts';
import { validateHostProcess, validateOs } from './pod-windows.ts';
import { resourceRequirements } from './resource-list.ts';

const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
export const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const MAX_INT32 = 2147483647;

function dnsConfig(errors: FieldErrors, path: string, spec: PodSpec): void {
  const config = spec.dnsConfig;
  if (spec.dnsPolicy === 'None') {
    if (!config) return errors.required(path, 'must provide `dnsConfig` when `dnsPolicy` is None');
    if (!config.nameservers?.length) {
      const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
      return errors.required(`${path}.nameservers`, why);
    }
  }
  if (!config) return;
  const { nameservers = [], searches = [] } = config;
  if (nameservers.length > 3) {
    errors.invalid(`${path}.nameservers`, nameservers, 'must not have more than 3 nameservers');
  }
  nameservers.forEach((address, i) => ipAddress(errors, `${path}.nameservers[${i}]`, address));
  if (searches.length > 32) {
    errors.invalid(`${path}.searches`, searches, 'must not have more than 32 search paths');
  }
  if (searches.join(' ').length > 2048) {
    const why = 'must not have more than 2048 characters (including spaces) in the search list';
    errors.invalid(`${path}.searches`, searches, why);
  }
  searches.forEach((search, i) => {
    if (search === '.') return;
    const name = search.replace(/\.$/, '');
    push(errors, `${path}.searches[${i}]`, name, dns1123UnderscoreErrors(name));
  });
  config.options?.forEach((option, i) => {
    if (!option.name) errors.required(`${path}.options[${i}]`, 'must not be empty');
  });
}

function hostNetworkPorts(errors: FieldErrors, path: string, spec: PodSpec, isPod: boolean): void {
  if (!spec.hostNetwork) return;
  spec.containers?.forEach((container, i) => {
    container.ports?.forEach((port, j) => {
      const hostPort = port.hostPort ?? 0;
      if ((isPod || hostPort !== 0) && hostPort !== port.containerPort) {
        const field = `${path}.containers[${i}].ports[${j}].hostPort`;
        errors.invalid(field, hostPort, 'must match `containerPort` when `hostNetwork` is true');
      }
    });
  });
}

interface PodClaim {
  resourceClaimName?: string;
  resourceClaimTemplateName?: string;
}

function resourceClaims(errors: FieldErrors, path: string, spec: PodSpec): void {
  const names = new Set<string>();
  spec.resourceClaims?.forEach((claim, i) => {
    const field = `${path}[${i}]`;
    if (!claim.name) errors.required(`${field}.name`);
    else if (names.has(claim.name)) errors.duplicate(`${field}.name`, claim.name);
    else dnsLabel(errors, `${field}.name`, claim.name);
    if (claim.name) names.add(claim.name);
    const { resourceClaimName: claimName, resourceClaimTemplateName: templateName } = claim as PodClaim;
    const shown = () =>
      new GoStruct({
        Name: claim.name ?? '',
        ResourceClaimName: claimName,
        ResourceClaimTemplateName: templateName,
      });
    if (claimName != null && templateName != null) {
      const why = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      errors.invalid(field, shown(), why);
    }
    if (claimName == null && templateName == null) {
      errors.invalid(field, shown(), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`');
    }
    if (claimName != null) dnsSubdomain(errors, `${field}.resourceClaimName`, claimName);
    if (templateName != null) dnsSubdomain(errors, `${field}.resourceClaimTemplateName`, templateName);
  });
}

function gates(errors: FieldErrors, path: string, spec: PodSpec): void {
  spec.readinessGates?.forEach((gate, i) => {
    qualifiedName(errors, `${path}.readinessGates[${i}].conditionType`, gate.conditionType ?? '');
  });
  const seen = new Set<string>();
  spec.schedulingGates?.forEach((gate, i) => {
    qualifiedName(errors, `${path}.schedulingGates[${i}]`, gate.name ?? '');
    if (seen.has(gate.name)) errors.duplicate(`${path}.schedulingGates[${i}]`, gate.name);
    seen.add(gate.name);
  });
}

function names(errors: FieldErrors, path: string, spec: PodSpec): void {
  const subdomains = ['serviceAccountName', 'nodeName'] as const;
  for (const field of subdomains) if (spec[field]) dnsSubdomain(errors, `${path}.${field}`, spec[field]);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline != null && (deadline < 1 || deadline > MAX_INT32)) {
    errors.invalid(`${path}.activeDeadlineSeconds`, deadline, rangeMessage(1, MAX_INT32));
  }
  if (spec.hostname) dnsLabel(errors, `${path}.hostname`, spec.hostname);
  if (spec.subdomain) dnsLabel(errors, `${path}.subdomain`, spec.subdomain);
  validateTolerations(errors, `${path}.tolerations`, spec.tolerations);
  spec.hostAliases?.forEach((alias, i) => {
    const field = `${path}.hostAliases[${i}]`;
    ipAddress(errors, `${field}.ip`, alias.ip);
    alias.hostnames?.forEach((name, j) => dnsSubdomain(errors, `${field}.hostnames[${j}]`, name));
  });
  if (spec.priorityClassName) dnsSubdomain(errors, `${path}.priorityClassName`, spec.priorityClassName);
  if (spec.runtimeClassName != null) dnsSubdomain(errors, `${path}.runtimeClassName`, spec.runtimeClassName);
}

/** `podName` is undefined for templates. */
export function validatePodSpec(
  errors: FieldErrors,
  path: string,
  spec: PodSpec | undefined,
  podName: string | undefined,
): void {
  if (!spec) return errors.required(`${path}.containers`);
  const isPod = podName !== undefined;
  if (spec.terminationGracePeriodSeconds == null) errors.required(`${path}.terminationGracePeriodSeconds`);
  const volumes = validateVolumes(errors, `${path}.volumes`, spec.volumes, podName);
  if (spec.resourceClaims) resourceClaims(errors, `${path}.resourceClaims`, spec);
  validateAllContainers(errors, path, spec, volumes);
  if (spec.resources) validatePodResources(errors, `${path}.resources`, spec);
  hostNetworkPorts(errors, path, spec, isPod);
  oneOf(errors, `${path}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES);
  oneOf(errors, `${path}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES);
  validateLabels(errors, `${path}.nodeSelector`, spec.nodeSelector);
  validatePodSecurity(errors, path, spec);
  validateAffinity(errors, `${path}.affinity`, spec.affinity);
  dnsConfig(errors, `${path}.dnsConfig`, spec);
  gates(errors, path, spec);
  validateTopologySpread(errors, `${path}.topologySpreadConstraints`, spec.topologySpreadConstraints);
  validateHostProcess(errors, path, spec);
  validateHostUsers(errors, path, spec);
  names(errors, path, spec);
  if (spec.preemptionPolicy != null) {
    oneOf(errors, `${path}.preemptionPolicy`, spec.preemptionPolicy, ['PreemptLowerPriority', 'Never']);
  }
  if (spec.overhead) {
    resourceRequirements(errors, `${path}.overhead`, { limits: spec.overhead as Record<string, string> }, []);
  }
  validateOs(errors, path, spec);
}

/** What a pod's spec must keep and a template's need not: validatePodMetadataAndSpec. */
export function validatePodOnly(errors: FieldErrors, path: string, spec: PodSpec): void {
  if (!spec.serviceAccountName) {
    spec.volumes?.forEach((volume, i) => {
      volume.projected?.sources?.forEach((source, j) => {
        if (!source.serviceAccountToken) return;
        const field = `${path}.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
        errors.forbidden(field, 'must not be specified when serviceAccountName is not set');
      });
    });
  }
  spec.containers?.forEach((c, i) => trimmedImage(errors, `${path}.containers[${i}]`, c));
  spec.initContainers?.forEach((c, i) => trimmedImage(errors, `${path}.initContainers[${i}]`, c));
}

export function validateTemplate(errors: FieldErrors, path: string, template: PodTemplate | undefined): void {
  validateLabels(errors, `${path}.labels`, template?.metadata?.labels);
  validateAnnotations(errors, `${path}.annotations`, template?.metadata?.annotations);
  const annotations = template?.metadata?.annotations;
  if (template?.spec) validatePodAnnotations(errors, `${path}.annotations`, annotations, template.spec);
  validatePodSpec(errors, `${path}.spec`, template?.spec, undefined);
  if (template?.spec) validateAnnotationsMatchFields(errors, `${path}.spec`, annotations, template.spec);
  if (template?.spec?.ephemeralContainers?.length) {
    errors.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template');
  }
}

/** How upstream's message about deadlines names a workload; a deployment borrows the rule of its replica sets. */
const IN_DEADLINES: Readonly<Record<string, string>> = {
  deployment: 'ReplicaSet',
  replicaset: 'ReplicaSet',
  daemonset: 'DaemonSet',
  statefulset: 'StatefulSet',
};

/** Workloads: the selector must be there, select something, and match the template; pods restart always. */
export function validateWorkload(
  errors: FieldErrors,
  kind: 'deployment' | 'replicaset' | 'daemonset' | 'statefulset',
  selector: LabelSelector | undefined,
  template: PodTemplate | undefined,
): void {
  if (!selector) {
    // Upstream leaves it to the next rule.
    if (kind !== 'daemonset') errors.required('spec.selector');
  } else {
    labelSelector(errors, 'spec.selector', selector);
    if (!Object.keys(selector.matchLabels ?? {}).length && !selector.matchExpressions?.length) {
      errors.invalid(
        'spec.selector',
        selector,
        `empty selector is invalid for ${kind === 'replicaset' ? 'deployment' : kind}`,
      );
    }
  }
  try {
    // No selector selects nothing, and so does not match either.
    const compiled = selectorFromObject(selector);
    if (!compiled.empty && !compiled.matches(template?.metadata?.labels)) {
      const why = '`selector` does not match template `labels`';
      errors.invalid('spec.template.metadata.labels', template?.metadata?.labels, why);
    }
  } catch {
    errors.invalid('spec.selector', selector, 'invalid label selector');
  }
  validateTemplate(errors, 'spec.template', template);
  const restart = template?.spec?.restartPolicy;
  if (template?.spec && restart !== 'Always') {
    errors.notSupported('spec.template.spec.restartPolicy', restart ?? '', ['Always']);
  }
  if (template?.spec?.activeDeadlineSeconds != null) {
    const why = `activeDeadlineSeconds in ${IN_DEADLINES[kind]} is not Supported`;
    errors.forbidden('spec.template.spec.activeDeadlineSeconds', why);
  }
}
