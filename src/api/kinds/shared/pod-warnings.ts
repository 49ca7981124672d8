// Warnings about pod specs that are valid but probably not meant. Upstream: pkg/api/pod/warnings.go
// (warningsForPodSpecAndMeta); those of storage vendors' volumes are kept to the deprecation.
import { tryParseQuantity } from '../../quantity.ts';
import type { Container, PodSpec } from './pod-types.ts';

const DEPRECATED_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};
const DEPRECATED_VOLUMES: Readonly<Record<string, string>> = {
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  glusterfs: 'deprecated in v1.25, this feature will be completely removed from a subsequent Kubernetes release',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
};

function envWarnings(out: string[], path: string, c: Container): void {
  if (!c.env || c.env.length < 2) return;
  const seen = new Map<string, string>();
  c.env.forEach((e, i) => {
    const before = seen.get(e.name);
    // A value that refers to its earlier self extends it on purpose.
    if (before !== undefined && !e.value?.includes(`$(${e.name})`)) {
      const what = `hides previous definition of "${e.name}", which may be dropped when using apply`;
      out.push(`${path}.env[${i}]: ${what}`);
    }
    seen.set(e.name, e.value ?? '');
  });
}

function resourceWarnings(out: string[], path: string, c: Container): void {
  for (const which of ['limits', 'requests'] as const) {
    const list = c.resources?.[which];
    for (const name of ['memory', 'ephemeral-storage']) {
      const value = list?.[name];
      if (value === undefined || !value.endsWith('m')) continue;
      const quantity = tryParseQuantity(value);
      if (quantity && quantity.nanos % 1_000_000_000n !== 0n) {
        out.push(
          `${path}.resources.${which}[${name}]: fractional byte value "${value}" is invalid, must be an integer`,
        );
      }
    }
  }
}

function portWarnings(out: string[], path: string, containers: readonly Container[]): void {
  const seen = new Map<string, string>();
  containers.forEach((c, i) => {
    c.ports?.forEach((port, j) => {
      const at = `${path}[${i}].ports[${j}]`;
      const key = `${port.protocol}/${port.containerPort}/${port.hostIP ?? ''}/${port.hostPort ?? 0}`;
      const before = seen.get(key);
      if (before !== undefined) out.push(`${at}: duplicate port definition with ${before}`);
      else seen.set(key, at);
    });
  });
}

function listWarnings(out: string[], path: string, spec: PodSpec): void {
  for (const key in spec.nodeSelector) {
    if (DEPRECATED_LABELS[key]) out.push(`${path}.nodeSelector[${key}]: ${DEPRECATED_LABELS[key]}`);
  }
  spec.imagePullSecrets?.forEach((secret, i) => {
    if (!secret.name) out.push(`${path}.imagePullSecrets[${i}].name: invalid empty name ""`);
  });
  spec.volumes?.forEach((volume, i) => {
    for (const key in volume) {
      if (DEPRECATED_VOLUMES[key]) out.push(`${path}.volumes[${i}].${key}: ${DEPRECATED_VOLUMES[key]}`);
    }
  });
}

/** `path` is `spec` for pods and `spec.template.spec` for workloads. */
export function podWarnings(path: string, spec: PodSpec | undefined): string[] {
  if (!spec) return [];
  const out: string[] = [];
  listWarnings(out, path, spec);
  for (const list of ['initContainers', 'containers'] as const) {
    spec[list]?.forEach((c, i) => {
      envWarnings(out, `${path}.${list}[${i}]`, c);
      resourceWarnings(out, `${path}.${list}[${i}]`, c);
    });
  }
  if (spec.containers) portWarnings(out, `${path}.containers`, spec.containers);
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    const what = 'must be >= 0; negative values are invalid and will be treated as 1';
    out.push(`${path}.terminationGracePeriodSeconds: ${what}`);
  }
  return out;
}
