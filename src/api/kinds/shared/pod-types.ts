// The pod's types as Kubernetes 1.34 has them: those of kubernetes-types 1.30 plus the fields that came since.
import type * as core from 'kubernetes-types/core/v1.js';
import type { ResourceRequirements } from './resource-list.ts';

export type Volume = core.Volume & { image?: { reference?: string; pullPolicy?: string } };
export type Lifecycle = core.Lifecycle & { stopSignal?: string };
export interface Container extends Omit<core.Container, 'resources' | 'lifecycle'> {
  resources?: ResourceRequirements;
  lifecycle?: Lifecycle;
  restartPolicyRules?: unknown[];
}
export interface EphemeralContainer extends Container {
  targetContainerName?: string;
}
export type PodSecurityContext = core.PodSecurityContext & {
  seLinuxChangePolicy?: string;
  supplementalGroupsPolicy?: string;
};
export interface PodSpec extends Omit<
  core.PodSpec,
  'containers' | 'initContainers' | 'ephemeralContainers' | 'volumes' | 'securityContext'
> {
  containers: Container[];
  initContainers?: Container[];
  ephemeralContainers?: EphemeralContainer[];
  volumes?: Volume[];
  securityContext?: PodSecurityContext;
  resources?: ResourceRequirements;
  hostnameOverride?: string;
}
export interface PodTemplate {
  metadata?: core.Pod['metadata'];
  spec?: PodSpec;
}
export interface Pod extends Omit<core.Pod, 'spec' | 'status'> {
  spec?: PodSpec;
  status?: core.PodStatus;
}
