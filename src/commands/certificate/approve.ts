// `certificate approve`. Upstream: kubectl/pkg/cmd/certificates/certificates.go.
import { CertificateCommand, certificateFlags } from './_certificate.ts';

export default class CertificateApprove extends CertificateCommand {
  static override summary = 'Approve a certificate signing request';
  static examples = `# Approve CSR 'csr-sqgzp'
{program} certificate approve csr-sqgzp`;
  static override usage = '(-f FILENAME | NAME)';
  static override flags = certificateFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(CertificateApprove);
    await this.decide(flags, args, {
      type: 'Approved',
      opposite: 'Denied',
      reason: 'KubectlApprove',
      message: 'This CSR was approved by kubectl certificate approve.',
      operation: 'approved',
    });
  }
}
