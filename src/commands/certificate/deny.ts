// `certificate deny`. Upstream: kubectl/pkg/cmd/certificates/certificates.go.
import { CertificateCommand, certificateFlags } from './_certificate.ts';

export default class CertificateDeny extends CertificateCommand {
  static override summary = 'Deny a certificate signing request';
  static description = `{program} certificate deny lets a cluster admin turn a certificate signing request (CSR) down: no controller issues a certificate for it.`;
  static examples = `# Deny CSR 'csr-sqgzp'
{program} certificate deny csr-sqgzp`;
  static override usage = '(-f FILENAME | NAME)';
  static override flags = certificateFlags;

  async run(): Promise<void> {
    const { flags, args } = this.parse(CertificateDeny);
    await this.decide(flags, args, {
      type: 'Denied',
      opposite: 'Approved',
      reason: 'KubectlDeny',
      message: 'This CSR was denied by kubectl certificate deny.',
      operation: 'denied',
    });
  }
}
