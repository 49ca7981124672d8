// Signs approved certificate requests of the cluster's own signers with the injected authority. Upstream:
// pkg/controller/certificates/signer/signer.go.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { CertificateSigningRequests } from '../../api/resources.ts';
import { type ControllerContext, defineController } from '../../client/controller.ts';
import { type ControllerEnvironment, type SignCsr, defineControllerModule } from './_types.ts';
import {
  CLIENT_SIGNER,
  KUBELET_CLIENT_SIGNER,
  KUBELET_SERVING_SIGNER,
  LEGACY_SIGNER,
  type RequestedCertificate,
  conditionOf,
  isKubeletClient,
  isKubeletServing,
  pemOf,
  requestedCertificate,
} from './csr/request.ts';
import { timestamp } from './shared/conditions.ts';
import { messageOf } from './shared/objects.ts';

/** Why this signer must not sign it; undefined: it may. */
function refusal(csr: CertificateSigningRequest, wanted: RequestedCertificate): string | undefined {
  const { signerName, usages = [] } = csr.spec;
  switch (signerName) {
    case KUBELET_CLIENT_SIGNER:
      return isKubeletClient(csr, wanted) ? undefined : 'not a proper kubelet client certificate request';
    case KUBELET_SERVING_SIGNER:
      return isKubeletServing(csr, wanted) ? undefined : 'not a proper kubelet serving certificate request';
    case CLIENT_SIGNER: {
      const allowed = ['digital signature', 'key encipherment', 'client auth'];
      if (!usages.includes('client auth')) return 'usages did not include "client auth"';
      const other = usages.find((usage) => !allowed.includes(usage));
      return other === undefined ? undefined : `usage "${other}" is not allowed by signer ${signerName}`;
    }
    default:
      return undefined;
  }
}

const SIGNERS = new Set([CLIENT_SIGNER, KUBELET_CLIENT_SIGNER, KUBELET_SERVING_SIGNER, LEGACY_SIGNER]);

async function reconcile(context: ControllerContext, key: string, sign: SignCsr): Promise<void> {
  const csr = context.lister(CertificateSigningRequests).get(key);
  if (!csr || !SIGNERS.has(csr.spec.signerName) || csr.status?.certificate) return;
  if (!conditionOf(csr, 'Approved') || conditionOf(csr, 'Denied') || conditionOf(csr, 'Failed')) return;
  const pem = pemOf(csr);
  let certificate: string;
  try {
    const why = refusal(csr, await requestedCertificate(pem));
    if (why !== undefined) throw new Error(why);
    const { signerName: signer, expirationSeconds, usages } = csr.spec;
    certificate = await sign(pem, { signer, expirationSeconds, usages });
  } catch (error) {
    return fail(context, csr, messageOf(error));
  }
  const status = { ...csr.status, certificate: Buffer.from(certificate).toString('base64') };
  await context.client.updateStatus(CertificateSigningRequests, { ...csr, status });
}

async function fail({ client, clock }: ControllerContext, csr: CertificateSigningRequest, message: string) {
  const now = timestamp(clock.now());
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const status = { ...csr.status, conditions: [...(csr.status?.conditions ?? []), condition] };
  await client.updateStatus(CertificateSigningRequests, { ...csr, status });
}

export default defineControllerModule({
  name: 'csrsigning',
  setup({ signCsr }: ControllerEnvironment) {
    if (!signCsr) return [];
    return [
      defineController({
        name: 'csrsigning',
        for: CertificateSigningRequests,
        workers: 2,
        reconcile: (context, key) => reconcile(context, key, signCsr),
      }),
    ];
  },
});
