// What the server fills into a pod spec: SetDefaults_PodSpec, _Container, _Volume, _Probe and their kin, applied to
// pods and to templates alike; podOnlyDefaults is what only a Pod gets. Upstream: pkg/apis/core/v1/defaults.go,
// zz_generated.defaults.go. Runs on every write: no closures, no copies.
import type * as core from 'kubernetes-types/core/v1.js';
import { canonicalQuantity } from '../../quantity.ts';
import { type ClaimSpec, defaultClaimSpec } from './claim-spec.ts';
import { defaultPodResources } from './pod-resources.ts';
import type { Container, PodSpec, PodTemplate, Volume } from './pod-types.ts';
import { type ResourceList, defaultResourceList } from './resource-list.ts';
import { honourPodAnnotations } from './old-annotations.ts';

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
/** What names an image. Upstream: distribution/reference, ParseNormalizedNamed. */
const REFERENCE = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::latest)?(?:@[A-Za-z][^:]*:[0-9a-fA-F]{32,})?$`,
);

/**
 * True when an image is pulled again at each start: its tag is `latest`, said or implied, and it has no digest. What
 * names no image has no tag.
 */
function isLatest(image: string): boolean {
  const digest = image.indexOf('@');
  const name = digest < 0 ? image : image.slice(0, digest);
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return (colon < 0 ? digest < 0 : name.slice(colon + 1) === 'latest') && REFERENCE.test(image);
}

function defaultProbe(probe: core.Probe | undefined): void {
  if (!probe) return;
  if (!probe.timeoutSeconds) probe.timeoutSeconds = 1;
  if (!probe.periodSeconds) probe.periodSeconds = 10;
  if (!probe.successThreshold) probe.successThreshold = 1;
  if (!probe.failureThreshold) probe.failureThreshold = 3;
  if (probe.httpGet) defaultHttpGet(probe.httpGet);
  if (probe.grpc && probe.grpc.service == null) probe.grpc.service = '';
}

function defaultHttpGet(action: core.HTTPGetAction): void {
  if (!action.path) action.path = '/';
  if (!action.scheme) action.scheme = 'HTTP';
}

function defaultResourceField(ref: core.ResourceFieldSelector | undefined): void {
  if (ref) ref.divisor = ref.divisor == null ? '0' : canonicalQuantity(ref.divisor as string);
}

function defaultEnv(env: core.EnvVar[]): void {
  for (const { valueFrom } of env) {
    if (!valueFrom) continue;
    if (valueFrom.fieldRef && !valueFrom.fieldRef.apiVersion) valueFrom.fieldRef.apiVersion = 'v1';
    defaultResourceField(valueFrom.resourceFieldRef);
  }
}

function defaultContainer(c: Container): void {
  if (!c.imagePullPolicy) c.imagePullPolicy = isLatest(c.image ?? '') ? 'Always' : 'IfNotPresent';
  if (!c.terminationMessagePath) c.terminationMessagePath = '/dev/termination-log';
  if (!c.terminationMessagePolicy) c.terminationMessagePolicy = 'File';
  if (c.ports) for (const port of c.ports) if (!port.protocol) port.protocol = 'TCP';
  if (c.env) defaultEnv(c.env);
  if (c.resources) {
    defaultResourceList(c.resources.limits);
    defaultResourceList(c.resources.requests);
  } else c.resources = {};
  defaultProbe(c.livenessProbe);
  defaultProbe(c.readinessProbe);
  defaultProbe(c.startupProbe);
  if (c.lifecycle?.postStart?.httpGet) defaultHttpGet(c.lifecycle.postStart.httpGet);
  if (c.lifecycle?.preStop?.httpGet) defaultHttpGet(c.lifecycle.preStop.httpGet);
}

function defaultDownward(items: core.DownwardAPIVolumeFile[] | undefined): void {
  for (const item of items ?? []) {
    if (item.fieldRef && !item.fieldRef.apiVersion) item.fieldRef.apiVersion = 'v1';
    defaultResourceField(item.resourceFieldRef);
  }
}

const MODE_0644 = 0o644;

function defaultProjected(projected: core.ProjectedVolumeSource): void {
  projected.defaultMode ??= MODE_0644;
  for (const source of projected.sources ?? []) {
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600;
    defaultDownward(source.downwardAPI?.items);
  }
}

function defaultIscsi(source: { iscsiInterface?: string } | undefined): void {
  if (source && !source.iscsiInterface) source.iscsiInterface = 'default';
}

function defaultRareVolume(v: Volume): void {
  defaultIscsi(v.iscsi);
  if (v.rbd) {
    v.rbd.pool ||= 'rbd';
    v.rbd.user ||= 'admin';
    v.rbd.keyring ||= '/etc/ceph/keyring';
  }
  if (v.azureDisk) {
    v.azureDisk.cachingMode ??= 'ReadWrite';
    v.azureDisk.kind ??= 'Shared';
    v.azureDisk.fsType ??= 'ext4';
    v.azureDisk.readOnly ??= false;
  }
  if (v.scaleIO) {
    v.scaleIO.storageMode ||= 'ThinProvisioned';
    v.scaleIO.fsType ||= 'xfs';
  }
  if (v.ephemeral?.volumeClaimTemplate?.spec) defaultClaimSpec(v.ephemeral.volumeClaimTemplate.spec as ClaimSpec);
  if (v.image && !v.image.pullPolicy)
    v.image.pullPolicy = isLatest(v.image.reference ?? '') ? 'Always' : 'IfNotPresent';
}

function hasSource(v: Volume): boolean {
  for (const key in v) if (key !== 'name' && v[key as keyof Volume] != null) return true;
  return false;
}

function defaultVolume(v: Volume): void {
  if (v.configMap) v.configMap.defaultMode ??= MODE_0644;
  if (v.secret) v.secret.defaultMode ??= MODE_0644;
  if (v.projected) defaultProjected(v.projected);
  if (v.hostPath) v.hostPath.type ??= '';
  if (v.downwardAPI) {
    v.downwardAPI.defaultMode ??= MODE_0644;
    defaultDownward(v.downwardAPI.items);
  }
  if (v.emptyDir?.sizeLimit != null) v.emptyDir.sizeLimit = canonicalQuantity(v.emptyDir.sizeLimit as string);
  if (!hasSource(v)) v.emptyDir = {};
  else defaultRareVolume(v);
}

export function defaultPodSpec(spec: PodSpec): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst';
  if (!spec.restartPolicy) spec.restartPolicy = 'Always';
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler';
  // The deprecated alias: whichever is set is read, both are answered.
  const account = spec.serviceAccountName || spec.serviceAccount;
  if (account) {
    spec.serviceAccountName = account;
    spec.serviceAccount = account;
  }
  if (spec.volumes) for (const v of spec.volumes) defaultVolume(v);
  if (spec.containers) for (const c of spec.containers) defaultContainer(c);
  if (spec.initContainers) for (const c of spec.initContainers) defaultContainer(c);
  if (spec.ephemeralContainers) for (const c of spec.ephemeralContainers) defaultContainer(c);
  defaultResourceList(spec.overhead as ResourceList | undefined);
  if (spec.resources) {
    defaultResourceList(spec.resources.limits);
    defaultResourceList(spec.resources.requests);
  }
}

/** A template of a workload: its spec's defaults, and a metadata that is always there as Go prints it. */
export function defaultTemplate(template: PodTemplate | undefined): void {
  if (!template) return;
  template.metadata ??= {};
  honourPodAnnotations(template.metadata.annotations, template.spec);
  if (template.spec) defaultPodSpec(template.spec);
}

function requestsFromLimits(containers: Container[] | undefined): void {
  for (const c of containers ?? []) {
    const limits = c.resources?.limits;
    if (!limits) continue;
    const requests = (c.resources!.requests ??= {});
    for (const name in limits) requests[name] ??= limits[name]!;
  }
}

function hostPorts(containers: Container[] | undefined): void {
  for (const c of containers ?? []) for (const port of c.ports ?? []) port.hostPort ||= port.containerPort;
}

/** SetDefaults_Pod: what a Pod gets and a template does not. After defaultPodSpec. */
export function podOnlyDefaults(spec: PodSpec): void {
  requestsFromLimits(spec.containers);
  requestsFromLimits(spec.initContainers);
  if (spec.resources) defaultPodResources(spec);
  spec.enableServiceLinks ??= true;
  if (!spec.hostNetwork) return;
  hostPorts(spec.containers);
  hostPorts(spec.initContainers);
}
