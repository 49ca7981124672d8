// Forgets what a pod or template asks of features that are off in 1.34. Upstream: dropDisabledFields in
// pkg/api/pod/util.go. Which features those are is data: feature-gates.ts.
import { POD_SPEC_GATES, POD_STATUS_GATES, dropper } from './feature-gates.ts';
import type { Container, PodSpec, PodTemplate } from './pod-types.ts';

const dropFields = dropper(POD_SPEC_GATES);
export const dropPodStatus = dropper(POD_STATUS_GATES);

function withoutMounts(containers: readonly Container[] | undefined, names: ReadonlySet<string>): void {
  for (const container of containers ?? []) {
    if (!container.volumeMounts) continue;
    container.volumeMounts = container.volumeMounts.filter((mount) => !names.has(mount.name));
    if (!container.volumeMounts.length) delete container.volumeMounts;
  }
}

const hasImage = (spec: PodSpec): boolean => spec.volumes?.some((volume) => volume.image != null) ?? false;

/** ImageVolume, beta and off: the volumes go, and their mounts with them. Upstream: dropImageVolumes. */
function dropImageVolumes(spec: PodSpec, old: PodSpec | undefined): void {
  if (!hasImage(spec) || (old && hasImage(old))) return;
  const names = new Set<string>();
  for (const volume of spec.volumes!) if (volume.image != null) names.add(volume.name);
  spec.volumes = spec.volumes!.filter((volume) => volume.image == null);
  if (!spec.volumes.length) delete spec.volumes;
  withoutMounts(spec.containers, names);
  withoutMounts(spec.initContainers, names);
  withoutMounts(spec.ephemeralContainers, names);
}

export function dropPodSpec(spec: PodSpec | undefined, old?: PodSpec): void {
  if (!spec) return;
  dropFields(spec, old);
  dropImageVolumes(spec, old);
}

export const dropTemplate = (template: PodTemplate | undefined, old?: PodTemplate): void =>
  dropPodSpec(template?.spec, old?.spec);
