// Credentials for an image out of imagePullSecrets: which entry of a .dockerconfigjson speaks for a registry and a
// repository. Pure. Upstream: pkg/credentialprovider/keyring.go (longest matching prefix first, `*` in host labels).
import { parseImageReference } from './image-reference.ts';
import type { RegistryAuth } from './types.ts';

interface ConfigEntry {
  username?: string;
  password?: string;
  auth?: string;
  identitytoken?: string;
}

/** A Secret of the types kubernetes.io/dockerconfigjson and kubernetes.io/dockercfg; data is base64. */
export interface PullSecret {
  data?: Record<string, string>;
}

function entriesOf(secret: PullSecret): [string, ConfigEntry][] {
  const decode = (key: string): unknown => {
    const text = secret.data?.[key];
    if (text === undefined) return undefined;
    try {
      return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown;
    } catch {
      return undefined;
    }
  };
  const modern = decode('.dockerconfigjson') as { auths?: Record<string, ConfigEntry> } | undefined;
  const old = decode('.dockercfg') as Record<string, ConfigEntry> | undefined;
  return Object.entries({ ...old, ...modern?.auths });
}

function authOf(server: string, entry: ConfigEntry): RegistryAuth {
  let { username, password } = entry;
  if (entry.auth) {
    const [user = '', ...rest] = Buffer.from(entry.auth, 'base64').toString('utf8').split(':');
    username = user;
    password = rest.join(':');
  }
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(entry.identitytoken !== undefined && { identitytoken: entry.identitytoken }),
    serveraddress: server,
  };
}

/** `https://index.docker.io/v1/` and `docker.io` are the same place. */
function normalise(server: string): { host: string; path: string } {
  const bare = server.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  const path = slash < 0 ? '' : bare.slice(slash + 1);
  const docker = host === 'index.docker.io' || host === 'registry-1.docker.io' || host === 'docker.io';
  return { host: docker ? 'docker.io' : host, path: /^v[12]$/.test(path) ? '' : path };
}

function hostMatches(pattern: string, host: string): boolean {
  const [patternName = '', patternPort] = pattern.split(':');
  const [name = '', port] = host.split(':');
  if (patternPort !== port) return false;
  const patternLabels = patternName.split('.');
  const labels = name.split('.');
  if (patternLabels.length !== labels.length) return false;
  return patternLabels.every((label, i) => {
    const parts = label.split('*');
    if (parts.length === 1) return label === labels[i];
    let from = 0;
    const text = labels[i]!;
    return parts.every((part, n) => {
      const found = n === 0 ? (text.startsWith(part) ? 0 : -1) : text.indexOf(part, from);
      from = found + part.length;
      return found >= 0 && (n < parts.length - 1 || part === '' || text.endsWith(part));
    });
  });
}

/** All credentials that may be tried for the image, the most specific first. */
export function credentialsFor(image: string, secrets: readonly PullSecret[]): RegistryAuth[] {
  const { registry, repository } = parseImageReference(image);
  const found: { auth: RegistryAuth; length: number }[] = [];
  for (const secret of secrets) {
    for (const [server, entry] of entriesOf(secret)) {
      const { host, path } = normalise(server);
      if (!hostMatches(host, registry)) continue;
      if (path !== '' && repository !== path && !repository.startsWith(`${path}/`)) continue;
      found.push({ auth: authOf(server, entry), length: path.length });
    }
  }
  return found.sort((a, b) => b.length - a.length).map((match) => match.auth);
}
