// A kubeconfig user's `auth-provider` of old days: what is left of it in kubectl is OpenID Connect. Here its token is
// used while it is valid; getting a new one is the work of a credential plug-in (exec).
// Upstream: client-go/plugin/pkg/client/auth.
import { Unreachable } from './transport/failures.ts';

export interface AuthProvider {
  name?: string;
  config?: Record<string, string>;
}

const PLUGINS = 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins';
const REMOVED: Readonly<Record<string, [instead: string, see: string]>> = {
  gcp: [
    '"gke-gcloud-auth-plugin"',
    'https://cloud.google.com/blog/products/containers-kubernetes/kubectl-auth-changes-in-gke',
  ],
  azure: ['https://github.com/Azure/kubelogin', PLUGINS],
};

/** Upstream's allowance for clocks that differ. */
const EARLY_MS = 10_000;

/** The token of the provider. Throws in upstream's words where there is none. */
export function providerToken({ name = '', config = {} }: AuthProvider): string {
  const removed = REMOVED[name];
  if (removed) {
    const [instead, see] = removed;
    throw new Error(
      `The ${name} auth plugin has been removed.\nPlease use the ${instead} kubectl/client-go credential plugin instead.\nSee ${see} for further details`,
    );
  }
  if (name !== 'oidc') throw new Error(`no Auth Provider found for name ${JSON.stringify(name)}`);
  for (const key of ['idp-issuer-url', 'client-id']) if (!config[key]) throw new Error(`Must provide ${key}`);
  const token = config['id-token'] ?? '';
  if (token !== '' && expiryOf(token) - EARLY_MS > Date.now()) return token;
  if (!config['refresh-token']) {
    throw new Unreachable('No valid id-token, and cannot refresh without refresh-token');
  }
  throw new Unreachable(`the id-token has expired; a credential plugin (exec) can refresh it: see ${PLUGINS}`);
}

/** Of a JSON Web Token; 0 where it says nothing. */
function expiryOf(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: number };
    return (claims.exp ?? 0) * 1000;
  } catch {
    return 0;
  }
}
