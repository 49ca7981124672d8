// `certificate approve`. Upstream: kubectl/pkg/cmd/certificates/certificates.go.
import { CertificateCommand, certificateFlags } from './_certificate.ts';

export default class CertificateApprove extends CertificateCommand {
  static override summary = 'Approve a certificate signing request';
  static description = `{program} certificate approve lets a cluster admin approve a certificate signing request (CSR): a controller then issues a certificate with the attributes that were asked for.

SECURITY NOTICE: such a certificate can give access to the cluster, or let its holder be somebody. Know what it allows before you approve.`;
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
