// Approves certificate requests of nodes: client certificates when the asker may have them, serving certificates when
// every name in them is the node's. Others wait for a person. Upstream: pkg/controller/certificates/approver/
// sarapprove.go; upstream leaves serving certificates to others, here the Node's addresses decide.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import type { Node } from 'kubernetes-types/core/v1.js';
import { CertificateSigningRequests, Nodes, Services, SubjectAccessReviews } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { type ControllerContext, defineController, watch } from '../../client/controller.ts';
import {
  type RequestedCertificate,
  isFinished,
  isKubeletClient,
  isKubeletServing,
  KUBELET_SERVING_SIGNER,
  namesBelongToNode,
  nodeNameOf,
  pemOf,
  requestedCertificate,
} from './csr/request.ts';
import { timestamp } from './shared/conditions.ts';

async function reconcile(context: ControllerContext, key: string): Promise<void> {
  const csr = context.lister(CertificateSigningRequests).get(key);
  if (!csr || isFinished(csr) || csr.status?.certificate) return;
  let wanted: RequestedCertificate;
  try {
    wanted = await requestedCertificate(pemOf(csr));
  } catch (error) {
    // The signer says so in a condition, should somebody approve it.
    context.log.debug({ csr: key, error: String(error) }, 'certificate request cannot be read');
    return;
  }
  if (isKubeletClient(csr, wanted)) return approveClient(context, csr, wanted);
  if (isKubeletServing(csr, wanted)) return approveServing(context, csr, wanted);
}

async function approveClient(context: ControllerContext, csr: CertificateSigningRequest, wanted: RequestedCertificate) {
  // A node that renews its own certificate needs another right than one that gets its first.
  if (csr.spec.username === wanted.commonName && (await isAllowed(context, csr, 'selfnodeclient'))) {
    const message = 'Auto approving self kubelet client certificate after SubjectAccessReview.';
    return approve(context, csr, message);
  }
  if (await isAllowed(context, csr, 'nodeclient')) {
    return approve(context, csr, 'Auto approving kubelet client certificate after SubjectAccessReview.');
  }
  throw new Error(
    `recognized csr "${csr.metadata?.name}" as [selfnodeclient nodeclient] but subject access review was not approved`,
  );
}

async function approveServing(
  context: ControllerContext,
  csr: CertificateSigningRequest,
  wanted: RequestedCertificate,
) {
  const node = context.lister(Nodes).get(nodeNameOf(wanted));
  // The node's addresses may still be on their way; their arrival wakes this request again.
  if (!node || !namesBelongToNode(wanted, node, await namesOfOthers(context, node))) return;
  return approve(context, csr, "Auto approving kubelet serving certificate after checking the Node's addresses.");
}

/** Other nodes' names, and the addresses at which pods reach the API server. */
async function namesOfOthers({ client, lister }: ControllerContext, node: Node): Promise<Set<string>> {
  const others = new Set(
    lister(Nodes)
      .list()
      .map((other) => other.metadata?.name ?? ''),
  );
  others.delete(node.metadata?.name ?? '');
  const api = await client.get(Services, { namespace: 'default', name: 'kubernetes' }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  for (const address of api?.spec?.clusterIPs ?? []) others.add(address);
  return others;
}

async function isAllowed({ client }: ControllerContext, csr: CertificateSigningRequest, subresource: string) {
  const { username, uid, groups, extra } = csr.spec;
  const review = await client.create(SubjectAccessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: username,
      uid,
      groups,
      extra,
      resourceAttributes: {
        group: 'certificates.k8s.io',
        version: '*',
        resource: 'certificatesigningrequests',
        verb: 'create',
        subresource,
      },
    },
  });
  return review.status?.allowed === true;
}

async function approve({ client, clock }: ControllerContext, csr: CertificateSigningRequest, message: string) {
  const now = timestamp(clock.now());
  const condition = {
    type: 'Approved',
    status: 'True',
    reason: 'AutoApproved',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const conditions = [...(csr.status?.conditions ?? []), condition];
  const next = {
    ...csr,
    apiVersion: 'certificates.k8s.io/v1' as const,
    kind: 'CertificateSigningRequest' as const,
    status: { ...csr.status, conditions },
  };
  try {
    await client.update(CertificateSigningRequests, next, { subresource: 'approval' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

export default defineController({
  name: 'csrapproving',
  for: CertificateSigningRequests,
  watches: [
    watch(Nodes, (node, old, { lister }) => {
      if (old && JSON.stringify(old.status?.addresses) === JSON.stringify(node.status?.addresses)) return [];
      const requester = `system:node:${node.metadata?.name}`;
      return lister(CertificateSigningRequests)
        .list()
        .filter((csr) => csr.spec.signerName === KUBELET_SERVING_SIGNER && csr.spec.username === requester)
        .map((csr) => csr.metadata?.name ?? '');
    }),
  ],
  workers: 1,
  reconcile,
});
