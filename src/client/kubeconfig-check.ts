// What is wrong with the cluster and the user that a context names, before anything is sent.
// Upstream: client-go/tools/clientcmd/validation.go validateAuthInfo and validateClusterInfo.
import { closeSync, openSync } from 'node:fs';
import type { ClusterStanza, UserStanza } from './kubeconfig.ts';

/** A path of the stanza as it is read: relative paths stand for files beside the kubeconfig. */
type Locate = (path: string) => string;

export function userErrors(name: string, user: UserStanza, locate: Locate): string[] {
  const errors: string[] = [];
  const { exec } = user;
  const basic = Boolean(user.username ?? user.password);
  const methods = [...(user.token ? ['token'] : []), ...(basic ? ['basicAuth'] : [])];
  if (user['client-certificate'] || user['client-certificate-data']) certificateErrors(name, user, locate, errors);
  if (exec) {
    if (user['auth-provider']) {
      errors.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
    }
    const need = (what: string): number =>
      errors.push(`${what} must be specified for ${name} to use exec authentication plugin`);
    if (!exec.command) need('command');
    if (!exec.apiVersion) need('apiVersion');
    for (const variable of exec.env ?? []) if (!variable.name) need('env variable name');
    const mode = exec.interactiveMode;
    // Versions before v1 had no such field.
    if (!mode && !/\/v1(alpha|beta)1$/.test(exec.apiVersion)) need('interactiveMode');
    else if (mode && !['Never', 'IfAvailable', 'Always'].includes(mode)) {
      errors.push(`invalid interactiveMode for ${name}: ${JSON.stringify(mode)}`);
    }
  }
  if (methods.length > 1) {
    errors.push(
      `more than one authentication method found for ${name}; found [${methods.join(' ')}], only one is allowed`,
    );
  }
  const impersonates = user['as-uid'] || user['as-groups']?.length || Object.keys(user['as-user-extra'] ?? {}).length;
  if (impersonates && !user.as) {
    errors.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  }
  return errors;
}

function certificateErrors(name: string, user: UserStanza, locate: Locate, errors: string[]): void {
  const certificate = user['client-certificate'];
  const key = user['client-key'];
  if (certificate && user['client-certificate-data']) {
    errors.push(`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`);
  }
  if (key && user['client-key-data']) {
    errors.push(`client-key-data and client-key are both specified for ${name}; client-key-data will override`);
  }
  if (!key && !user['client-key-data']) {
    errors.push(
      `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
    );
  }
  if (certificate) errors.push(...unreadable('client-cert', locate(certificate), name));
  if (key) errors.push(...unreadable('client-key', locate(key), name));
}

export function clusterErrors(name: string, cluster: ClusterStanza, locate: Locate): string[] {
  const errors: string[] = [];
  const authority = cluster['certificate-authority'];
  const proxy = cluster['proxy-url'];
  const wrong = proxy ? proxyError(proxy) : undefined;
  if (wrong) errors.push(`invalid 'proxy-url' ${JSON.stringify(proxy)} for cluster ${JSON.stringify(name)}: ${wrong}`);
  if (authority && cluster['certificate-authority-data']) {
    errors.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  }
  if (authority) errors.push(...unreadable('certificate-authority', locate(authority), name));
  return errors;
}

function proxyError(url: string): string | undefined {
  const [, scheme = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url) ?? [];
  // What Go's url.Parse refuses: a first part with a colon that is no scheme.
  if (scheme === '' && /^[^/?#]*:/.test(url)) return `could not parse: ${url}`;
  if (['http', 'https', 'socks5'].includes(scheme)) return undefined;
  return `unsupported scheme ${JSON.stringify(scheme)}, must be http, https, or socks5`;
}

function unreadable(what: string, file: string, name: string): string[] {
  try {
    closeSync(openSync(file, 'r'));
    return [];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'no such file or directory' : code === 'EACCES' ? 'permission denied' : message;
    return [`unable to read ${what} ${file} for ${name} due to open ${file}: ${why}`];
  }
}
