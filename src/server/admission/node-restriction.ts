// What a node may write is about itself: its Node, its Lease, the pods bound to it, and tokens for those.
// Upstream: plugin/pkg/admission/noderestriction/admission.go.
import type { TokenRequest } from 'kubernetes-types/authentication/v1.js';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { isDeepStrictEqual } from 'node:util';
import { HOST_PATH } from '../../api/host-path.ts';
import { MIRROR_ANNOTATION, referencesOf } from '../../api/pod-references.ts';
import { Nodes, Pods } from '../../api/resources.ts';
import { forbidden } from '../../api/status.ts';
import { nodeOf } from '../auth/types.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

export default defineAdmission({
  name: 'NodeRestriction',
  phase: 'validating',
  handles: (request) => nodeOf(request.user) !== undefined,
  async validate(request, context) {
    const node = nodeOf(request.user) ?? '';
    const check = checks[`${request.resource.group}/${request.resource.resource}`];
    await check?.(node, request, context);
  },
});

type Check = (node: string, request: AdmissionRequest, context: AdmissionContext) => void | Promise<void>;

const checks: Record<string, Check> = {
  '/pods': (node, request, context) => {
    if (request.subresource === '') return checkPod(node, request, context);
    if (request.subresource === 'status') return checkPodStatus(node, request);
    if (request.subresource === 'eviction') return checkEviction(node, request, context);
    throw refuse(
      request,
      `unexpected pod subresource ${JSON.stringify(request.subresource)}, only 'status' and 'eviction' are allowed`,
    );
  },
  '/nodes': checkNode,
  '/persistentvolumeclaims': (node, request) => {
    if (request.subresource === 'status' && request.operation === 'UPDATE') checkClaimStatus(node, request);
  },
  '/persistentvolumes': checkVolume,
  '/serviceaccounts': checkToken,
  'coordination.k8s.io/leases': (node, request) => {
    if (request.namespace !== 'kube-node-lease') {
      throw refuse(request, 'can only access leases in the "kube-node-lease" system namespace');
    }
    if (nameOf(request) !== node) {
      throw refuse(request, 'can only access node lease with the same name as the requesting node');
    }
  },
  'storage.k8s.io/csinodes': (node, request) => {
    if (nameOf(request) !== node) {
      throw refuse(request, 'can only access CSINode with the same name as the requesting node');
    }
  },
};

const nameOf = (request: AdmissionRequest): string => request.name || (request.object?.metadata.name ?? '');
const refuse = (request: AdmissionRequest, why: string): Error =>
  forbidden({ group: request.resource.group, plural: request.resource.resource }, nameOf(request), why);

/** The pod of a deletion or eviction: the old object, or what the store has of it. */
async function podOf(request: AdmissionRequest, context: AdmissionContext): Promise<Pod | undefined> {
  if (request.subresource === '' && request.oldObject) return request.oldObject as unknown as Pod;
  return (
    context.lister.get(Pods, request.namespace, request.name) ?? context.live(Pods, request.namespace, request.name)
  );
}

async function checkPod(node: string, request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  if (request.operation === 'DELETE') {
    const pod = await podOf(request, context);
    if (pod && pod.spec?.nodeName !== node) {
      throw refuse(request, `node ${JSON.stringify(node)} can only delete pods with spec.nodeName set to itself`);
    }
    return;
  }
  if (request.operation !== 'CREATE') {
    throw refuse(
      request,
      `unexpected operation ${JSON.stringify(request.operation)}, node ${JSON.stringify(node)} can only create and delete mirror pods`,
    );
  }
  const pod = request.object as unknown as Pod;
  if (pod.metadata?.annotations?.[MIRROR_ANNOTATION] === undefined) {
    throw refuse(
      request,
      `pod does not have ${JSON.stringify(MIRROR_ANNOTATION)} annotation, node ${JSON.stringify(node)} can only create mirror pods`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, `node ${JSON.stringify(node)} can only create pods with spec.nodeName set to itself`);
  }
  checkMirrorOwner(node, pod, request, context);
  checkMirrorReferences(node, pod, request);
}

/** A mirror pod goes with its node. */
function checkMirrorOwner(node: string, pod: Pod, request: AdmissionRequest, context: AdmissionContext): void {
  const quoted = JSON.stringify(node);
  const [owner, ...others] = pod.metadata?.ownerReferences ?? [];
  if (others.length > 0) {
    throw refuse(request, `node ${quoted} can only create pods with a single owner reference set to itself`);
  }
  if (!owner || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node) {
    throw refuse(request, `node ${quoted} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller) {
    throw refuse(request, `node ${quoted} can only create pods with a controller owner reference set to itself`);
  }
  if (owner.blockOwnerDeletion) {
    throw refuse(request, `node ${quoted} must not set blockOwnerDeletion on an owner reference`);
  }
  const uid = context.lister.get(Nodes, undefined, node)?.metadata?.uid ?? '';
  if (owner.uid !== uid) throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
}

const MIRROR_REFERENCES: readonly (readonly [prefix: string, what: string])[] = [
  ['serviceaccount/', 'a service account'],
  ['secret/', 'secrets'],
  ['configmap/', 'configmaps'],
  ['pvc/', 'persistentvolumeclaims'],
];

/** Whatever a pod of a node names, that node may read: a node must not name things itself. */
function checkMirrorReferences(node: string, pod: Pod, request: AdmissionRequest): void {
  const references = [...referencesOf(pod)];
  for (const [prefix, what] of MIRROR_REFERENCES) {
    if (!references.some((reference) => reference.startsWith(prefix))) continue;
    throw refuse(request, `node ${JSON.stringify(node)} can not create pods that reference ${what}`);
  }
}

function checkPodStatus(node: string, request: AdmissionRequest): void {
  if (request.operation !== 'UPDATE') return;
  const old = request.oldObject as unknown as Pod;
  if (old.spec?.nodeName !== node) {
    throw refuse(
      request,
      `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`,
    );
  }
  if (!isDeepStrictEqual(old.metadata?.labels ?? {}, request.object?.metadata.labels ?? {})) {
    throw refuse(request, `node ${JSON.stringify(node)} cannot update labels through pod status`);
  }
}

function checkClaimStatus(node: string, request: AdmissionRequest): void {
  const rest = (claim: unknown): unknown => {
    const { metadata, status, ...others } = claim as PersistentVolumeClaim;
    const { resourceVersion: _version, managedFields: _fields, ...meta } = metadata ?? {};
    const { capacity: _capacity, conditions: _conditions, ...state } = status ?? {};
    const { allocatedResources: _resources, allocatedResourceStatuses: _statuses, ...kept } = state;
    return { ...others, metadata: meta, status: kept };
  };
  if (isDeepStrictEqual(rest(request.oldObject), rest(request.object))) return;
  const allowed = 'status.capacity and status.conditions';
  throw refuse(request, `node ${JSON.stringify(node)} is not allowed to update fields other than ${allowed}`);
}

/** The folder of a volume is gone: that is all that a node has to say about it. */
function checkVolume(node: string, request: AdmissionRequest): void {
  const rest = (object: unknown): unknown => {
    const { metadata, ...others } = object as PersistentVolume;
    const { resourceVersion: _version, managedFields: _fields, finalizers, ...meta } = metadata ?? {};
    return { ...others, metadata: meta, finalizers: (finalizers ?? []).filter((name) => name !== HOST_PATH) };
  };
  if (request.operation === 'UPDATE' && isDeepStrictEqual(rest(request.oldObject), rest(request.object))) return;
  throw refuse(request, `node ${JSON.stringify(node)} can only remove the finalizer ${HOST_PATH} of volumes`);
}

async function checkEviction(node: string, request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const pod = await podOf(request, context);
  if (pod && pod.spec?.nodeName !== node) {
    throw refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
  }
}

function checkNode(node: string, request: AdmissionRequest): void {
  if (nameOf(request) !== node) {
    throw refuse(
      request,
      `node ${JSON.stringify(node)} is not allowed to modify node ${JSON.stringify(nameOf(request))}`,
    );
  }
  if (request.operation === 'DELETE' || request.operation === 'CONNECT') return;
  const [now, old] = [request.object, request.oldObject] as unknown as [Node, Node | undefined];
  const taints = (n: Node): unknown => n.spec?.taints ?? [];
  if (old && request.subresource === '' && !isDeepStrictEqual(taints(now), taints(old))) {
    throw refuse(request, `node ${JSON.stringify(node)} is not allowed to modify taints`);
  }
  // With an owner that is gone, the garbage collector would remove the node; it would come back without its taints.
  const owners = (n: Node): unknown => n.metadata?.ownerReferences ?? [];
  if (old && !isDeepStrictEqual(owners(now), owners(old))) {
    throw refuse(request, `node ${JSON.stringify(node)} is not allowed to modify ownerReferences`);
  }
  const modified = modifiedLabels(now, old).filter(isReserved).sort();
  if (modified.length === 0) return;
  const what = old ? 'modify labels' : 'set the following labels';
  throw refuse(request, `is not allowed to ${what}: ${modified.join(', ')}`);
}

function modifiedLabels(now: Node, old: Node | undefined): string[] {
  const [next, before] = [now.metadata?.labels ?? {}, old?.metadata?.labels ?? {}];
  return [...new Set([...Object.keys(next), ...Object.keys(before)])].filter((key) => next[key] !== before[key]);
}

/** Labels of the kubernetes.io and k8s.io domains that say what a node is trusted for; upstream: kubeletapis.IsKubeletLabel. */
function isReserved(label: string): boolean {
  const domain = label.includes('/') ? label.slice(0, label.indexOf('/')) : '';
  const within = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (within('node-restriction.kubernetes.io')) return true;
  if (!within('kubernetes.io') && !within('k8s.io')) return false;
  return !within('kubelet.kubernetes.io') && !within('node.kubernetes.io') && !KUBELET_LABELS.has(label);
}

const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/instance-type',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

async function checkToken(node: string, request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  if (request.operation !== 'CREATE' || request.subresource !== 'token') return;
  const bound = (request.object as unknown as TokenRequest).spec?.boundObjectRef;
  if (!bound || bound.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) {
    throw refuse(request, 'node requested token not bound to a pod');
  }
  if (!bound.uid) throw refuse(request, 'node requested token with a pod binding without a uid');
  const pod =
    context.lister.get(Pods, request.namespace, bound.name) ??
    (await context.live(Pods, request.namespace, bound.name));
  if (!pod) throw refuse(request, `pod ${JSON.stringify(bound.name)} not found`);
  if (pod.metadata?.uid !== bound.uid) {
    throw refuse(request, 'the UID in the bound object reference does not match the UID in record');
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, 'node requested token bound to a pod scheduled on a different node');
  }
}
