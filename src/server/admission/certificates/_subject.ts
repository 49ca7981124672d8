// The subject that a certificate request names. The library is loaded when there is one to read.
import type { Name } from '@peculiar/x509';

/** `request` is spec.request: base64 of PEM. Throws when it is none. */
export async function subjectOf(request: string): Promise<Name> {
  await import('reflect-metadata');
  const { Pkcs10CertificateRequest } = await import('@peculiar/x509');
  return new Pkcs10CertificateRequest(Buffer.from(request, 'base64').toString('utf8')).subjectName;
}
