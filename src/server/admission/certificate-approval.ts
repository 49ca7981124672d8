// Only who may approve for a signer approves or denies its certificate requests.
// Upstream: plugin/pkg/admission/certificates/approval/admission.go.
import { authorizeSigner } from './certificates/_signer.ts';
import { defineAdmission } from './types.ts';

export default defineAdmission({
  name: 'CertificateApproval',
  phase: 'validating',
  handles: (request) =>
    request.operation === 'UPDATE' &&
    request.subresource === 'approval' &&
    request.resource.resource === 'certificatesigningrequests' &&
    request.resource.group === 'certificates.k8s.io',
  validate: (request, context) => authorizeSigner(request, context, 'approve'),
});
