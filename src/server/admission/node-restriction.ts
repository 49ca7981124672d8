// What a node may write is about itself: its Node, its Lease, the pods bound to it, and tokens for those.
// Upstream: plugin/pkg/admission/noderestriction/admission.go.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import type { Node, PersistentVolume, PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { isDeepStrictEqual } from 'node:util';
import { HOST_PATH } from '../../api/host-path.ts';
import { MIRROR_ANNOTATION, referencesOf } from '../../api/pod-references.ts';
import { Nodes, Pods } from '../../api/resources.ts';
import { forbidden, notFound } from '../../api/status.ts';
import { nodeOf } from '../auth/types.ts';
import { reservedChanges } from './_node-labels.ts';
import { checkToken } from './_node-tokens.ts';
import { subjectOf } from './certificates/_subject.ts';
import { type AdmissionContext, type AdmissionRequest, defineAdmission } from './types.ts';

export default defineAdmission({
  name: 'NodeRestriction',
  phase: 'validating',
  handles: (request) => nodeOf(request.user) !== undefined,
  /** What a node may not make is refused before anybody says what else is wrong with it. */
  admit: (request, context) => (request.operation === 'CREATE' ? check(request, context) : undefined),
  /** And what others made of it is looked at again. */
  validate: check,
});

async function check(request: AdmissionRequest, context: AdmissionContext): Promise<void> {
  const node = nodeOf(request.user) ?? '';
  if (node === '') {
    throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.name)}`);
  }
  await checks[`${request.resource.group}/${request.resource.resource}`]?.(node, request, context);
}

/** As far as it is looked at here. */
interface ResourceSlice {
  spec: { nodeName?: string };
}

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
    if (request.subresource !== 'status') throw refuse(request, 'may only update PVC status');
    if (request.operation !== 'UPDATE') throw unexpected(request);
    checkClaimStatus(node, request);
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
  'certificates.k8s.io/certificatesigningrequests': checkCertificateRequest,
  'resource.k8s.io/resourceslices': checkSlice,
  'storage.k8s.io/csinodes': (node, request) => {
    if (nameOf(request) !== node) {
      throw refuse(request, 'can only access CSINode with the same name as the requesting node');
    }
  },
};

const nameOf = (request: AdmissionRequest): string => request.name || (request.object?.metadata.name ?? '');
const refuse = (request: AdmissionRequest, why: string): Error =>
  forbidden({ group: request.resource.group, plural: request.resource.resource }, nameOf(request), why);
const unexpected = (request: AdmissionRequest): Error =>
  refuse(request, `unexpected operation ${JSON.stringify(request.operation)}`);

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
  const stored = context.lister.get(Nodes, undefined, node);
  if (!stored) throw notFound(Nodes, node);
  const uid = stored.metadata?.uid ?? '';
  if (owner.uid !== uid) throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
}

const MIRROR_REFERENCES: readonly (readonly [prefix: string, what: string])[] = [
  ['serviceaccount/', 'serviceaccounts'],
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
  if (pod.spec?.resourceClaims?.length) {
    throw refuse(request, `node ${JSON.stringify(node)} can not create pods that reference resourceclaims`);
  }
  const sources = (pod.spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  if (sources.some((source) => source.clusterTrustBundle)) {
    throw refuse(request, `node ${JSON.stringify(node)} can not create pods that reference clustertrustbundles`);
  }
}

function checkPodStatus(node: string, request: AdmissionRequest): void {
  if (request.operation !== 'UPDATE') throw unexpected(request);
  const [old, pod] = [request.oldObject, request.object] as unknown as [Pod, Pod];
  if (old.spec?.nodeName !== node) {
    throw refuse(
      request,
      `node ${JSON.stringify(node)} can only update pod status for pods with spec.nodeName set to itself`,
    );
  }
  if (!isDeepStrictEqual(old.metadata?.labels ?? {}, request.object?.metadata.labels ?? {})) {
    throw refuse(request, `node ${JSON.stringify(node)} cannot update labels through pod status`);
  }
  // By them the node may read claims. The word is upstream's.
  if (!isDeepStrictEqual(claimsOf(old), claimsOf(pod))) {
    throw refuse(request, `node ${JSON.stringify(node)} cannot update resource claim statues`);
  }
}

const claimsOf = ({ status }: Pod): unknown =>
  (status?.resourceClaimStatuses ?? []).map(({ name, resourceClaimName }) => [name, resourceClaimName]);

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
  if (request.operation !== 'CREATE') throw refuse(request, `unexpected operation ${request.operation}`);
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
  checkConfigSource(node, now, old, request);
  const modified = reservedChanges(now, old).join(', ');
  if (modified === '') return;
  if (old) throw refuse(request, `is not allowed to modify labels: ${modified}`);
  throw refuse(request, `node ${JSON.stringify(node)} is not allowed to set the following labels: ${modified}`);
}

/** A field that no kubelet reads any more. */
function checkConfigSource(node: string, now: Node, old: Node | undefined, request: AdmissionRequest): void {
  const wanted = now.spec?.configSource;
  if (!wanted || (old && isDeepStrictEqual(wanted, old.spec?.configSource))) return;
  const why = old ? 'update configSource to a new non-nil configSource' : 'create pods with a non-nil configSource';
  throw refuse(request, `node ${JSON.stringify(node)} is not allowed to ${why}`);
}

/** Upstream: admitCSR. What else must be so is the signer's business. */
async function checkCertificateRequest(node: string, request: AdmissionRequest): Promise<void> {
  if (request.operation !== 'CREATE') return;
  const { signerName, request: wanted } = (request.object as unknown as CertificateSigningRequest).spec;
  if (!NODE_SIGNERS.has(signerName)) return;
  let names;
  try {
    names = (await subjectOf(wanted)).getField('CN');
  } catch (error) {
    throw refuse(request, `unable to parse csr: ${(error as Error).message}`);
  }
  const own = `system:node:${node}`;
  if (names.at(-1) !== own) throw refuse(request, `can only create a node CSR with CN=${own}`);
}

const NODE_SIGNERS = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet']);

/** What else is done to slices is the authorizer's business, which knows whose they are. */
function checkSlice(node: string, request: AdmissionRequest): void {
  const slice = (request.operation === 'CREATE' ? request.object : request.oldObject) as unknown as ResourceSlice;
  if (request.operation !== 'CREATE' && request.operation !== 'DELETE') return;
  if (slice.spec.nodeName === node) return;
  const verb = request.operation.toLowerCase();
  throw refuse(request, `can only ${verb} ResourceSlice with the same NodeName as the requesting node`);
}
