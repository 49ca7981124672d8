// The check that both certificate plug-ins make: may this user act for that signer?
// Upstream: pkg/registry/certificates/certificates/… and pkg/apis/certificates IsAuthorizedForSignerName.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { forbidden } from '../../../api/status.ts';
import type { AdmissionContext, AdmissionRequest } from '../types.ts';

/** Asks for the signer by name, then for all signers of its domain (`example.com/*`). */
export async function authorizeSigner(
  request: AdmissionRequest,
  context: AdmissionContext,
  verb: 'approve' | 'sign',
): Promise<void> {
  const stored = request.oldObject as unknown as CertificateSigningRequest;
  const signer = stored.spec.signerName;
  for (const name of [signer, `${signer.split('/')[0]}/*`]) {
    const decision = await context.authorizer.authorize({
      user: request.user,
      verb,
      group: 'certificates.k8s.io',
      version: '*',
      resource: 'signers',
      name,
    });
    if (decision.allowed) return;
  }
  throw forbidden(
    { group: 'certificates.k8s.io', plural: 'certificatesigningrequests' },
    request.name,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
  );
}
