// What a node that knows only a token is told about the cluster: the ConfigMap kube-public/cluster-info, which anybody
// may read, signed with the bootstrap token so that whoever knows the token can tell that it is genuine.
// Upstream: kubeadm's bootstraptoken/clusterinfo phase and cluster-bootstrap/token/jws (ComputeDetachedSignature).
import { createHmac } from 'node:crypto';
import type { ConfigMap, Secret } from 'kubernetes-types/core/v1.js';
import { BOOTSTRAPPERS_GROUP } from '../auth/policy/bindings.ts';

/** `abcdef.0123456789abcdef` */
export type BootstrapToken = string;

export function clusterInfo(server: string, ca: string, token: BootstrapToken): ConfigMap {
  const kubeconfig = [
    'apiVersion: v1',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${Buffer.from(ca).toString('base64')}`,
    `    server: ${server}`,
    '  name: ""',
    'contexts: null',
    'current-context: ""',
    'kind: Config',
    'preferences: {}',
    'users: null',
    '',
  ].join('\n');
  const [id = '', secret = ''] = token.split('.');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'kube-public', name: 'cluster-info' },
    data: { kubeconfig, [`jws-kubeconfig-${id}`]: detachedSignature(kubeconfig, id, secret) },
  };
}

/** A JWS (HS256) without its payload: `header..signature`. */
function detachedSignature(content: string, id: string, secret: string): string {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  const header = encode(JSON.stringify({ alg: 'HS256', kid: id }));
  const signature = createHmac('sha256', secret)
    .update(`${header}.${encode(content)}`)
    .digest('base64url');
  return `${header}..${signature}`;
}

/** The Secret that makes the token in node.token count. It does not run out: a node may join at any time. */
export function bootstrapTokenSecret(token: BootstrapToken): Secret {
  const [id = '', secret = ''] = token.split('.');
  const fields = {
    'token-id': id,
    'token-secret': secret,
    description: 'The token of node.token, with which nodes join.',
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': BOOTSTRAPPERS_GROUP,
  };
  const data = Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const);
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: 'kube-system', name: `bootstrap-token-${id}` },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(data),
  };
}
