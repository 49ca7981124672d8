// Deletes certificate requests that have served their time. Upstream: pkg/controller/certificates/cleaner/cleaner.go.
// Issued ones go an hour after they were issued, whether the certificate is still valid or not, as upstream.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { CertificateSigningRequests } from '../../api/resources.ts';
import { isNotFound } from '../../api/status.ts';
import { defineController } from '../../client/controller.ts';

const HOUR_MS = 3_600_000;
const FINISHED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

/** When it goes, in milliseconds since the epoch. */
export function expiryOf(csr: CertificateSigningRequest): number {
  const created = Date.parse(csr.metadata?.creationTimestamp ?? '') || 0;
  const condition = csr.status?.conditions?.find((c) => ['Approved', 'Denied', 'Failed'].includes(c.type));
  // Approved but never issued: it waits for its signer as long as a pending one waits for its approver.
  const finished = condition && (condition.type !== 'Approved' || csr.status?.certificate);
  if (!finished) return created + PENDING_MS;
  const since = Date.parse(condition.lastUpdateTime ?? condition.lastTransitionTime ?? '') || created;
  return since + FINISHED_MS;
}

export default defineController({
  name: 'csrcleaner',
  for: CertificateSigningRequests,
  workers: 1,
  async reconcile({ client, lister, clock }, name) {
    const csr = lister(CertificateSigningRequests).get(name);
    if (!csr) return;
    const left = expiryOf(csr) - clock.now();
    if (left > 0) return { requeueAfterMs: left };
    try {
      await client.delete(CertificateSigningRequests, { name }, { preconditions: { uid: csr.metadata?.uid } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  },
});
