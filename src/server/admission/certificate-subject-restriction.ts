// Nobody gets a client certificate of the group that may do everything by asking for it.
// Upstream: plugin/pkg/admission/certificates/subjectrestriction/admission.go.
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1.js';
import { forbidden } from '../../api/status.ts';
import { SYSTEM_MASTERS } from '../auth/types.ts';
import { subjectOf } from './certificates/_subject.ts';
import { defineAdmission } from './types.ts';

const SIGNER = 'kubernetes.io/kube-apiserver-client';

export default defineAdmission({
  name: 'CertificateSubjectRestriction',
  phase: 'validating',
  handles: (request) =>
    request.operation === 'CREATE' &&
    request.subresource === '' &&
    request.resource.resource === 'certificatesigningrequests' &&
    request.resource.group === 'certificates.k8s.io',
  async validate(request) {
    const csr = request.object as unknown as CertificateSigningRequest;
    if (csr.spec.signerName !== SIGNER) return;
    if (!(await organizationsOf(csr.spec.request)).includes(SYSTEM_MASTERS)) return;
    throw forbidden(
      { group: 'certificates.k8s.io', plural: 'certificatesigningrequests' },
      request.name,
      `use of ${SIGNER} signer with ${SYSTEM_MASTERS} group is not allowed`,
    );
  },
});

async function organizationsOf(request: string): Promise<string[]> {
  try {
    return (await subjectOf(request)).getField('O');
  } catch {
    return []; // What is no request is refused by validation, with a better message.
  }
}
