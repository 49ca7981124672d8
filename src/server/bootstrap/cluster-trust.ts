// The ConfigMap kube-system/extension-apiserver-authentication, from which extension servers learn whose certificates
// name users, and whose let their bearer say in headers who asks. What several servers of a cluster say is added up.
// Upstream: pkg/controlplane/controller/clusterauthenticationtrust.
import type { X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ConfigMap } from 'kubernetes-types/core/v1.js';
import { ConfigMaps } from '../../api/resources.ts';
import type { KubeObject, ResourceType } from '../../api/types.ts';
import type { Client } from '../../client/rest.ts';
import { certificatesOf } from '../auth/client-certificate.ts';
import type { FrontProxies } from '../request-header.ts';
import { Ensurer, type ReadCache } from './ensure.ts';

export const TRUST = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };
/** Clocks differ. */
const EXPIRY_SLACK_MS = 5 * 60_000;

type Data = Record<string, string>;

/** What `known` says and what this server needs, each certificate and name once; certificates that have expired go. */
export function combinedTrust(known: Data, ca: string, proxies: FrontProxies, nowMs = Date.now()): Data {
  const { allowedNames, headers } = proxies;
  const list = (key: string, wanted: readonly string[]): Data => ({
    [key]: JSON.stringify([...new Set([...listIn(known[key]), ...wanted])]),
  });
  return {
    'client-ca-file': bundle([known['client-ca-file'], ca], nowMs),
    ...list('requestheader-allowed-names', allowedNames),
    'requestheader-client-ca-file': bundle([known['requestheader-client-ca-file'], proxies.clientCa], nowMs),
    ...list('requestheader-extra-headers-prefix', headers.extraPrefix),
    ...list('requestheader-group-headers', headers.group),
    ...list('requestheader-uid-headers', headers.uid),
    ...list('requestheader-username-headers', headers.username),
  };
}

/** What is no list of names is forgotten, so that the server's own stands there again. */
function listIn(text = '[]'): string[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

function bundle(texts: readonly (string | undefined)[], nowMs: number): string {
  const kept = new Map<string, X509Certificate>();
  for (const text of texts) {
    for (const certificate of readable(text)) {
      if (Date.parse(certificate.validTo) > nowMs - EXPIRY_SLACK_MS) kept.set(certificate.fingerprint256, certificate);
    }
  }
  return [...kept.values()].map(String).join('');
}

function readable(text = ''): X509Certificate[] {
  try {
    return certificatesOf(text);
  } catch {
    return [];
  }
}

const matching =
  (ca: string, proxies: FrontProxies) =>
  (stored: ConfigMap): ConfigMap | undefined => {
    const data = combinedTrust(stored.data ?? {}, ca, proxies);
    return isDeepStrictEqual(stored.data, data) ? undefined : { ...stored, data };
  };

export function ensureClusterTrust(ensure: Ensurer, ca: string, proxies: FrontProxies): Promise<void> {
  const data = combinedTrust({}, ca, proxies);
  const wanted: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: TRUST, data };
  return ensure.matches(ConfigMaps, wanted, matching(ca, proxies));
}

export interface ClusterTrustOptions {
  /** Acts as a member of system:masters. */
  client: Client;
  cache: ReadCache;
  observe<T extends KubeObject>(
    type: ResourceType<T>,
    onChange: (object: T | undefined, old: T | undefined) => void,
  ): () => void;
  ca: string;
  frontProxies: FrontProxies;
  onError(error: unknown): void;
}

/** While the server runs: what somebody takes out of it comes back. Returns the end of it. */
export function keepClusterTrust({
  client,
  cache,
  observe,
  ca,
  frontProxies,
  onError,
}: ClusterTrustOptions): () => void {
  const ensure = new Ensurer(client, cache);
  let writing = false;
  let again = false;
  let stopped = false;
  const write = (): void => {
    if (writing) return void (again = true);
    writing = true;
    again = false;
    ensureClusterTrust(ensure, ca, frontProxies)
      .catch((error: unknown) => stopped || onError(error))
      .finally(() => {
        writing = false;
        if (again && !stopped) write();
      });
  };
  const differs = matching(ca, frontProxies);
  const stop = observe(ConfigMaps, (map, old) => {
    const { namespace, name } = (map ?? old)?.metadata ?? {};
    if (namespace !== TRUST.namespace || name !== TRUST.name) return;
    // The cache shows the change once all observers have seen it.
    if (!map || differs(map)) setImmediate(() => stopped || write());
  });
  return () => {
    stopped = true;
    stop();
  };
}
