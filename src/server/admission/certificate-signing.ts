// Only who may sign for a signer puts a certificate, or its failure, into a certificate request.
// Upstream: plugin/pkg/admission/certificates/signing/admission.go.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { authorizeSigner } from './certificates/_signer.ts';
import { defineAdmission } from './types.ts';

const failures = (csr: CertificateSigningRequest): string =>
  JSON.stringify((csr.status?.conditions ?? []).filter((condition) => condition.type === 'Failed'));

export default defineAdmission({
  name: 'CertificateSigning',
  phase: 'validating',
  handles: (request) =>
    request.operation === 'UPDATE' &&
    request.subresource === 'status' &&
    request.resource.resource === 'certificatesigningrequests' &&
    request.resource.group === 'certificates.k8s.io',
  async validate(request, context) {
    const [old, csr] = [request.oldObject, request.object] as unknown as CertificateSigningRequest[];
    if (old!.status?.certificate === csr!.status?.certificate && failures(old!) === failures(csr!)) return;
    await authorizeSigner(request, context, 'sign');
  },
});
