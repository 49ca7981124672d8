// What a PKCS #10 request asks for, as `describe csr` shows it.

export interface CertificateRequest {
  commonName: string;
  serialNumber: string;
  subjectLists: readonly (readonly [title: string, values: readonly string[]])[];
  alternativeNames: readonly (readonly [title: string, values: readonly string[]])[];
}

/** The field of a CertificateSigningRequest: PEM in base64. */
export async function readCertificateRequest(base64: string): Promise<CertificateRequest> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const request = new x509.Pkcs10CertificateRequest(Buffer.from(base64, 'base64').toString('utf8'));
  const name = new x509.Name(request.subject);
  const field = (id: string): string[] => name.getField(id);
  const extension = request.extensions.find((e) => e.type === '2.5.29.17');
  const names = extension ? new x509.SubjectAlternativeNameExtension(extension.rawData).names.items : [];
  const of = (type: string): string[] => names.filter((n) => n.type === type).map((n) => n.value);
  return {
    commonName: field('CN')[0] ?? '',
    serialNumber: field('2.5.4.5')[0] ?? '',
    subjectLists: [
      ['Organization', field('O')],
      ['Organizational Unit', field('OU')],
      ['Country', field('C')],
      ['Locality', field('L')],
      ['Province', field('ST')],
    ],
    alternativeNames: [
      ['DNS Names', of('dns')],
      ['Email Addresses', of('email')],
      ['URIs', of('url')],
      ['IP Addresses', of('ip')],
    ],
  };
}
