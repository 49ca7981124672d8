// The join token: `<id>.<secret>.<sha256 of the CA's SubjectPublicKeyInfo>`. The first two parts are a bootstrap token
// as kubeadm's; the third pins the authority, so that nobody between can pretend to be the server. Pure.
import { X509Certificate, createHash } from 'node:crypto';
import { NodeStartError } from './start-error.ts';

export interface JoinToken {
  /** `id.secret`, sent as a bearer token. */
  bootstrap: string;
  caHash: string;
}

export function parseJoinToken(text: string): JoinToken {
  const match = /^([a-z0-9]{6}\.[a-z0-9]{16})\.([0-9a-f]{64})$/.exec(text.trim());
  if (!match) {
    throw new NodeStartError(
      'the join token is malformed: it is three parts with dots between them (6, 16 and 64 characters); ' +
        "copy the whole line of the server's <data directory>/node.token",
    );
  }
  return { bootstrap: match[1]!, caHash: match[2]! };
}

/** The hash that a token carries, of a certificate as PEM or DER. */
export function caHashOf(certificate: string | Uint8Array): string {
  const { publicKey } = new X509Certificate(certificate);
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
