// Who asks, as a front proxy says it in headers: believed of a client whose certificate comes from the front proxies' own
// authority and bears one of their names, and of nobody else.
// Upstream: apiserver/pkg/authentication/request/headerrequest/requestheader.go, Verifier in request/x509/x509.go.
import { headerValues } from '../../../wire/header-values.ts';
import type { Request, User } from '../../../wire/http.ts';
import { type CertificateTrust, factsOf, isInTime } from '../client-certificate.ts';
import { ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, type Authenticator } from '../types.ts';
import { unauthorized } from '../union.ts';

/** What an identity is read from. Names of headers count in any case. */
export interface IdentityHeaders {
  /** The first that has a value names the user. */
  username: readonly string[];
  uid: readonly string[];
  /** All values of all of them. */
  group: readonly string[];
  /** What follows the prefix is the key, percent-encoded. */
  extraPrefix: readonly string[];
}

export interface RequestHeaderOptions {
  trust: CertificateTrust;
  /** Common names of front proxies; none: every certificate of their authority. */
  allowedNames: readonly string[];
  headers: IdentityHeaders;
}

export function requestHeaderAuthenticator(
  { trust, allowedNames, headers }: RequestHeaderOptions,
  now: () => number = Date.now,
): Authenticator {
  const lower = (names: readonly string[]): string[] => names.map((name) => name.trim().toLowerCase());
  const names: IdentityHeaders = {
    username: lower(headers.username),
    uid: lower(headers.uid),
    group: lower(headers.group),
    extraPrefix: lower(headers.extraPrefix),
  };
  /** Nearly all clients with certificates are no front proxies: an error takes a stack, so one serves a connection. */
  const strangers = new WeakMap<Uint8Array, Error>();
  const strangerOf = (der: Uint8Array): Error => {
    let error = strangers.get(der);
    if (!error) strangers.set(der, (error = unauthorized('x509: certificate signed by unknown authority')));
    return error;
  };
  return {
    name: 'request-header',
    async authenticate(request) {
      const peer = request.peerCertificate;
      if (!peer) return undefined;
      if (!trust(peer)) throw strangerOf(peer.der);
      const facts = factsOf(peer);
      if (!facts.forClients) throw unauthorized('x509: certificate specifies an incompatible key usage');
      if (!isInTime(facts, now())) throw unauthorized('x509: certificate has expired or is not yet valid');
      const commonName = facts.commonNames.at(-1) ?? '';
      if (allowedNames.length > 0 && !allowedNames.includes(commonName)) {
        throw unauthorized(`x509: subject with cn=${commonName} is not in the allowed list`);
      }
      return identityIn(request, names);
    },
  };
}

const firstValue = (request: Request, names: readonly string[]): string => {
  for (const name of names) {
    // Of a repeated header the first value counts, and if that is empty the next header.
    const [value] = headerValues(request, name);
    if (value) return value;
  }
  return '';
};

function identityIn(request: Request, names: IdentityHeaders): User | undefined {
  const name = firstValue(request, names.username);
  if (name === '') return undefined;
  const uid = firstValue(request, names.uid);
  const groups = names.group.flatMap((header) => headerValues(request, header)).filter((group) => group !== '');
  const extra = extraIn(request, names.extraPrefix);
  return {
    name,
    groups: withMembership(name, groups),
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

/** Upstream: apiserver/pkg/authentication/group/authenticated_group_adder.go. */
function withMembership(name: string, groups: string[]): string[] {
  const known = groups.includes(ALL_AUTHENTICATED) || groups.includes(ALL_UNAUTHENTICATED);
  return name === ANONYMOUS.name || known ? groups : [...groups, ALL_AUTHENTICATED];
}

function extraIn(request: Request, prefixes: readonly string[]): Record<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const prefix of prefixes) {
    for (const header in request.headers) {
      if (!header.startsWith(prefix)) continue;
      const key = unescapedKey(header.slice(prefix.length));
      extra.set(key, [...(extra.get(key) ?? []), ...headerValues(request, header)]);
    }
  }
  return Object.fromEntries(extra);
}

/** What is not well escaped counts as it is. Upstream: unescapeExtraKey. */
export function unescapedKey(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
