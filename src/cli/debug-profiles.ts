// What a debugging profile changes in a pod: capabilities, host namespaces, probes. Drafts are changed in place.
// Upstream: kubectl/pkg/cmd/debug/profiles.go.
import type { Container, PodSpec } from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from '../api/types.ts';
import { CliError } from './errors.ts';

export type DebugStyle = 'ephemeral' | 'copy' | 'node';

export interface KeepFlags {
  labels: boolean;
  annotations: boolean;
  liveness: boolean;
  readiness: boolean;
  startup: boolean;
  initContainers: boolean;
}

export interface PodDraft {
  metadata: ObjectMeta;
  spec: PodSpec;
}

type Profile = (pod: PodDraft, container: Container, style: DebugStyle, keep: KeepFlags) => void;

const profiles: Record<string, Profile> = {
  legacy(pod, container, style) {
    if (style === 'copy') delete pod.metadata.labels;
    if (style !== 'node') return;
    mountRoot(pod, container);
    useHostNamespaces(pod);
  },
  general(pod, container, style, keep) {
    if (style === 'node') {
      mountRoot(pod, container);
      delete container.securityContext;
      useHostNamespaces(pod);
      return;
    }
    if (style === 'copy') trim(pod, keep);
    addCapabilities(container, 'SYS_PTRACE');
    if (style === 'copy') pod.spec.shareProcessNamespace ??= true;
  },
  baseline(pod, container, style, keep) {
    delete container.securityContext;
    copyOnly(pod, style, keep);
  },
  restricted(pod, container, style, keep) {
    container.securityContext = {
      capabilities: { drop: ['ALL'] },
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    };
    copyOnly(pod, style, keep);
  },
  netadmin(pod, container, style, keep) {
    addCapabilities(container, 'NET_ADMIN', 'NET_RAW');
    if (style === 'node') useHostNamespaces(pod);
    copyOnly(pod, style, keep);
  },
  sysadmin(pod, container, style, keep) {
    container.securityContext = { ...container.securityContext, privileged: true };
    if (style === 'node') {
      useHostNamespaces(pod);
      mountRoot(pod, container);
    }
    copyOnly(pod, style, keep);
  },
};

export function debugProfile(name: string): Profile {
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (!profile) throw new CliError(`unknown profile: ${name}`);
  return profile;
}

function copyOnly(pod: PodDraft, style: DebugStyle, keep: KeepFlags): void {
  if (style !== 'copy') return;
  trim(pod, keep);
  pod.spec.shareProcessNamespace ??= true;
}

/** A copy is not to be taken for the original: no labels, no probes. */
function trim(pod: PodDraft, keep: KeepFlags): void {
  if (!keep.labels) delete pod.metadata.labels;
  if (!keep.annotations) delete pod.metadata.annotations;
  for (const container of pod.spec.containers) {
    if (!keep.liveness) delete container.livenessProbe;
    if (!keep.readiness) delete container.readinessProbe;
    if (!keep.startup) delete container.startupProbe;
  }
  if (!keep.initContainers) delete pod.spec.initContainers;
}

function mountRoot(pod: PodDraft, container: Container): void {
  pod.spec.volumes = [...(pod.spec.volumes ?? []), { name: 'host-root', hostPath: { path: '/' } }];
  container.volumeMounts = [...(container.volumeMounts ?? []), { mountPath: '/host', name: 'host-root' }];
}

function useHostNamespaces(pod: PodDraft): void {
  Object.assign(pod.spec, { hostNetwork: true, hostPID: true, hostIPC: true });
}

function addCapabilities(container: Container, ...names: string[]): void {
  const { securityContext = {} } = container;
  const add = [...(securityContext.capabilities?.add ?? []), ...names];
  container.securityContext = { ...securityContext, capabilities: { ...securityContext.capabilities, add } };
}
