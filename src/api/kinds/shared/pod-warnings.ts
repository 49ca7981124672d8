// Warnings about pod specs that are valid but probably not meant. Upstream: pkg/api/pod/warnings.go
// (warningsForPodSpecAndMeta), pkg/api/node/util.go.
import type * as core from 'kubernetes-types/core/v1.js';
import { labelValueErrors } from '../../names.ts';
import { APP_ARMOR, SECCOMP_CONTAINER, SECCOMP_POD, visitContainers } from './pod-annotations.ts';
import type { Container, PodSpec, PodTemplate } from './pod-types.ts';
import { fractionalBytes } from './storage-rules.ts';

export const DEPRECATED_NODE_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};
export const DEPRECATED_VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};
const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const NULL_SELECTOR = 'a null labelSelector results in matching no pod';

/** Required terms are checked for values when they are created; those that are only preferred never were. */
export function nodeSelectorTermWarnings(path: string, term: core.NodeSelectorTerm, checkValues: boolean): string[] {
  const out: string[] = [];
  term.matchExpressions?.forEach((e, i) => {
    const why = DEPRECATED_NODE_LABELS[e.key];
    if (why) out.push(`${path}.matchExpressions[${i}].key: ${e.key} is ${why}`);
    if (!checkValues) return;
    e.values?.forEach((value, j) => {
      for (const message of labelValueErrors(value)) {
        out.push(`${path}.matchExpressions[${i}].values[${j}]: ${value} is invalid, ${message}`);
      }
    });
  });
  return out;
}

function labels(out: string[], path: string, spec: PodSpec): void {
  for (const key in spec.nodeSelector) {
    if (DEPRECATED_NODE_LABELS[key]) out.push(`${path}.nodeSelector[${key}]: ${DEPRECATED_NODE_LABELS[key]}`);
  }
  const affinity = spec.affinity?.nodeAffinity;
  const field = `${path}.affinity.nodeAffinity`;
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms?.forEach((term, i) => {
    const at = `${field}.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}]`;
    out.push(...nodeSelectorTermWarnings(at, term, false));
  });
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    const at = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}].preference`;
    if (term.preference) out.push(...nodeSelectorTermWarnings(at, term.preference, true));
  });
  spec.topologySpreadConstraints?.forEach((c, i) => {
    const at = `${path}.topologySpreadConstraints[${i}]`;
    const why = DEPRECATED_NODE_LABELS[c.topologyKey];
    if (why) out.push(`${at}.topologyKey: ${c.topologyKey} is ${why}`);
    if (!c.labelSelector) out.push(`${at}.labelSelector: ${NULL_SELECTOR}`);
  });
}

/** Files of other sources that lie where a service account's token does. */
function tokenPaths(out: string[], path: string, spec: PodSpec): void {
  const paths = new Set<string>();
  for (const { projected } of spec.volumes ?? []) {
    for (const s of projected?.sources ?? []) if (s.serviceAccountToken) paths.add(s.serviceAccountToken.path);
  }
  if (paths.size === 0) return;
  const check = (at: string, file: string | undefined) => {
    if (file !== undefined && paths.has(file)) {
      out.push(`${at}: has duplicated path with ServiceAccountToken ${JSON.stringify(file)}`);
    }
  };
  spec.volumes?.forEach(({ projected }, i) => {
    const at = `${path}.volumes[${i}].projected.sources`;
    for (const s of projected?.sources ?? []) {
      s.configMap?.items?.forEach((item, j) => check(`${at}.configMap[${j}]`, item.path));
      s.secret?.items?.forEach((item, j) => check(`${at}.secrets[${j}]`, item.path));
      s.downwardAPI?.items?.forEach((item, j) => check(`${at}.downwardAPI[${j}]`, item.path));
      check(`${at}.ClusterTrustBundle`, s.clusterTrustBundle?.path);
    }
  });
}

function volumes(out: string[], path: string, spec: PodSpec): void {
  spec.volumes?.forEach((volume, i) => {
    for (const key in volume) {
      const name = key === 'storageos' ? 'storageOS' : key;
      if (DEPRECATED_VOLUMES[key]) out.push(`${path}.volumes[${i}].${name}: ${DEPRECATED_VOLUMES[key]}`);
    }
    const claim = volume.ephemeral?.volumeClaimTemplate?.spec as
      { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } } | undefined;
    if (!claim) return;
    const at = `${path}.volumes[${i}].ephemeral.volumeClaimTemplate.spec.resources`;
    out.push(...fractionalBytes(`${at}.requests[storage]`, claim.resources?.requests?.['storage']));
    out.push(...fractionalBytes(`${at}.limits[storage]`, claim.resources?.limits?.['storage']));
  });
  tokenPaths(out, path, spec);
}

function duplicates(out: string[], list: readonly string[], say: (i: number) => string): void {
  if (list.length < 2) return;
  const seen = new Set<string>();
  list.forEach((value, i) => {
    if (seen.has(value)) out.push(say(i));
    else seen.add(value);
  });
}

function env(out: string[], path: string, c: Container): void {
  if (!c.env || c.env.length < 2) return;
  const seen = new Set<string>();
  c.env.forEach((e, i) => {
    if (!seen.has(e.name)) return seen.add(e.name);
    const reference = `$(${e.name})`;
    // A value that refers to its earlier self extends it on purpose.
    if (!e.valueFrom && e.value !== reference && e.value?.includes(reference)) return;
    const what = `hides previous definition of ${JSON.stringify(e.name)}, which may be dropped when using apply`;
    return out.push(`${path}.env[${i}]: ${what}`);
  });
}

function resources(out: string[], path: string, c: Container): void {
  for (const name of ['memory', 'ephemeral-storage']) {
    for (const which of ['limits', 'requests'] as const) {
      out.push(...fractionalBytes(`${path}.resources.${which}[${name}]`, c.resources?.[which]?.[name]));
    }
  }
}

/** Two definitions of one port, which may or may not be meant. */
function conflict(a: core.ContainerPort, b: core.ContainerPort): string | undefined {
  const [hostA, hostB] = [a.hostPort ?? 0, b.hostPort ?? 0];
  const [ipA, ipB] = [a.hostIP ?? '', b.hostIP ?? ''];
  if (ipA === ipB && hostA === hostB) return 'duplicate';
  if (hostA === 0 || hostB === 0) return 'overlapping';
  return hostA === hostB && (ipA === '') !== (ipB === '') ? 'dangerously ambiguous' : undefined;
}

function shownPort(p: core.ContainerPort): string {
  const { name = '', hostPort = 0, containerPort = 0, protocol = '', hostIP = '' } = p;
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;
}

function ports(out: string[], path: string, spec: PodSpec): void {
  const byPort = new Map<string, { field: string; port: core.ContainerPort }[]>();
  visitContainers(path, spec, (c, at) => {
    c.ports?.forEach((port, i) => {
      const field = `${at}.ports[${i}]`;
      if (port.hostIP && !port.hostPort) out.push(`${field}: hostIP set without hostPort: ${shownPort(port)}`);
      const key = `${port.containerPort}/${port.protocol}`;
      const others = byPort.get(key);
      if (!others) return void byPort.set(key, [{ field, port }]);
      for (const other of others) {
        const what = conflict(port, other.port);
        if (what) out.push(`${field}: ${what} port definition with ${other.field}`);
      }
      others.push({ field, port });
    });
  });
}

function podAffinity(out: string[], path: string, spec: PodSpec): void {
  for (const which of ['podAffinity', 'podAntiAffinity'] as const) {
    const affinity = spec.affinity?.[which];
    affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      if (term.labelSelector) return;
      const at = `${path}.affinity.${which}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`;
      out.push(`${at}.labelSelector: ${NULL_SELECTOR}`);
    });
    affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
      if (term.podAffinityTerm?.labelSelector) return;
      const at = `${path}.affinity.${which}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
      out.push(`${at}.podAffinityTerm.labelSelector: ${NULL_SELECTOR}`);
    });
  }
}

/** Annotations that were fields before they were fields. */
function annotations(out: string[], path: string, pod: PodTemplate, spec: PodSpec, isTemplate: boolean): void {
  const given = pod.metadata?.annotations;
  if (!given) return;
  const instead = 'non-functional in v1.27+; use the "seccompProfile" field instead';
  if (given[SECCOMP_POD] !== undefined && !spec.securityContext?.seccompProfile) {
    out.push(`${path}[${SECCOMP_POD}]: ${instead}`);
  }
  visitContainers('', spec, (c) => {
    const key = SECCOMP_CONTAINER + c.name;
    if (given[key] !== undefined && !c.securityContext?.seccompProfile) out.push(`${path}[${key}]: ${instead}`);
    const profile = c.securityContext?.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    const armor = APP_ARMOR + c.name;
    if (isTemplate && given[armor] !== undefined && !profile) {
      out.push(`${path}[${armor}]: deprecated since v1.30; use the "appArmorProfile" field instead`);
    }
  });
}

/** `path` is '' for pods and `spec.template` for workloads. */
export function podWarnings(path: string, pod: PodTemplate | undefined): string[] {
  const spec = pod?.spec;
  if (!spec) return [];
  const out: string[] = [];
  const prefix = path === '' ? '' : `${path}.`;
  const specPath = `${prefix}spec`;
  labels(out, specPath, spec);
  for (const key in pod.metadata?.annotations) {
    const why = DEPRECATED_ANNOTATIONS[key];
    if (why) out.push(`${prefix}metadata.annotations[${key}]: ${why}`);
  }
  if (spec.volumes?.length) volumes(out, specPath, spec);
  if (spec.hostAliases) {
    const list = spec.hostAliases;
    duplicates(
      out,
      list.map((a) => a.ip ?? ''),
      (i) => `${specPath}.hostAliases[${i}].ip: duplicate ip ${JSON.stringify(list[i]!.ip)}`,
    );
  }
  if (spec.imagePullSecrets) {
    const list = spec.imagePullSecrets;
    const at = (i: number) => `${specPath}.imagePullSecrets[${i}].name`;
    duplicates(
      out,
      list.map((s) => s.name ?? ''),
      (i) => `${at(i)}: duplicate name ${JSON.stringify(list[i]!.name ?? '')}`,
    );
    list.forEach((s, i) => s.name || out.push(`${at(i)}: invalid empty name ""`));
  }
  const overhead = spec.overhead as Record<string, string> | undefined;
  for (const name of ['memory', 'ephemeral-storage']) {
    out.push(...fractionalBytes(`${specPath}.overhead[${name}]`, overhead?.[name]));
  }
  annotations(out, `${prefix}metadata.annotations`, pod, spec, path !== '');
  visitContainers(specPath, spec, (c, at) => {
    resources(out, at, c);
    env(out, at, c);
  });
  ports(out, specPath, spec);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const what = 'must be >= 0; negative values are invalid and will be treated as 1';
    out.push(`${specPath}.terminationGracePeriodSeconds: ${what}`);
  }
  podAffinity(out, specPath, spec);
  return out;
}
