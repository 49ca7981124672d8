// Which front proxies the server believes, and what it tells extension servers about them: its own, through which it asks
// extension servers itself, and those of --requestheader-client-ca-file.
// Upstream: apiserver/pkg/server/options/authentication.go (RequestHeaderAuthenticationOptions).
import { readFileSync } from 'node:fs';
import { certificatesOf } from './auth/client-certificate.ts';
import type { IdentityHeaders } from './auth/authenticators/request-header.ts';
import { FRONT_PROXY, type Pki } from './pki/pki.ts';
import { StartupError } from './startup-error.ts';

/** As upstream's flags of these names; kubeadm's values where one is absent. */
export interface RequestHeaderSettings {
  /** A PEM file. Its authorities are believed beside the server's own. */
  clientCaFile?: string;
  /** Common names of front proxies. With a file and no names, every certificate of its authorities is one. */
  allowedNames?: readonly string[];
  usernameHeaders?: readonly string[];
  uidHeaders?: readonly string[];
  groupHeaders?: readonly string[];
  extraHeadersPrefix?: readonly string[];
}

export interface FrontProxies {
  /** PEM. */
  clientCa: string;
  allowedNames: readonly string[];
  headers: IdentityHeaders;
  /** What will not work as set. */
  warnings: readonly string[];
}

/** Throws StartupError for what the user can mend. */
export function frontProxiesOf(settings: RequestHeaderSettings, pki: Pki): FrontProxies {
  const names = trimmed('allowed-names', settings.allowedNames ?? []);
  const headers: IdentityHeaders = {
    username: trimmed('username-headers', settings.usernameHeaders ?? ['X-Remote-User']),
    uid: trimmed('uid-headers', settings.uidHeaders ?? ['X-Remote-Uid']),
    group: trimmed('group-headers', settings.groupHeaders ?? ['X-Remote-Group']),
    extraPrefix: trimmed('extra-headers-prefix', settings.extraHeadersPrefix ?? ['X-Remote-Extra-']),
  };
  const warnings = missingStandard(headers);
  const anyone = settings.clientCaFile !== undefined && names.length === 0;
  return {
    clientCa: pki.frontProxy.ca + (settings.clientCaFile === undefined ? '' : bundleIn(settings.clientCaFile)),
    allowedNames: anyone ? [] : [...new Set([FRONT_PROXY, ...names])],
    headers,
    warnings,
  };
}

/** Extension servers are told who asks by these, whatever else front proxies use. */
function missingStandard(headers: IdentityHeaders): string[] {
  const has = (list: readonly string[], name: string): boolean =>
    list.some((entry) => entry.toLowerCase() === name.toLowerCase());
  const without = (flag: string, what: string): string =>
    `--requestheader-${flag} is set without specifying the standard ${what} - API aggregation will not work`;
  if (!has(headers.uid, 'X-Remote-Uid')) throw new StartupError(without('uid-headers', 'X-Remote-Uid header'));
  const wanted = [
    [headers.username, 'username-headers', 'X-Remote-User', 'header'],
    [headers.group, 'group-headers', 'X-Remote-Group', 'header'],
    [headers.extraPrefix, 'extra-headers-prefix', 'X-Remote-Extra-', 'header prefix'],
  ] as const;
  return wanted
    .filter(([list, , name]) => !has(list, name))
    .map(([, flag, name, what]) => without(flag, `${name} ${what}`));
}

function trimmed(flag: string, values: readonly string[]): string[] {
  return values.map((value) => {
    if (value.trim() === '') throw new StartupError(`empty value in "requestheader-${flag}"`);
    return value.trim();
  });
}

function bundleIn(path: string): string {
  let text;
  try {
    text = readFileSync(path, 'utf8');
    if (certificatesOf(text).length === 0) throw new Error('it has no certificates');
  } catch (error) {
    throw new StartupError(`cannot read --requestheader-client-ca-file ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return text.endsWith('\n') ? text : `${text}\n`;
}
