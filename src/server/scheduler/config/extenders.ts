// The extenders of a configuration file: their fields, rules and defaults. Upstream: Extender in
// pkg/scheduler/apis/config/types.go, validateExtenders in validation/validation.go, makeTransport in extender.go.
import { readFileSync } from 'node:fs';
import { isExtendedResource } from '../../../api/kinds/shared/resource-list.ts';
import { qualifiedNameErrors } from '../../../api/names.ts';
import { type FieldErrors, at } from '../../../api/validation.ts';
import type { ClientConfig } from '../../../client/transport/config.ts';
import { httpsTransport } from '../../../client/transport/https.ts';
import { Extender } from '../extender.ts';
import { type Fields, durationMs } from './shape.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

export const EXTENDER_SHAPE: Fields = {
  urlPrefix: 'string',
  filterVerb: 'string',
  preemptVerb: 'string',
  prioritizeVerb: 'string',
  weight: 'integer',
  bindVerb: 'string',
  enableHTTPS: 'boolean',
  tlsConfig: {
    insecure: 'boolean',
    serverName: 'string',
    certFile: 'string',
    keyFile: 'string',
    caFile: 'string',
    certData: 'string',
    keyData: 'string',
    caData: 'string',
  },
  httpTimeout: 'duration',
  nodeCacheCapable: 'boolean',
  managedResources: [{ name: 'string', ignoredByScheduler: 'boolean' }],
  ignorable: 'boolean',
};

interface TlsConfig {
  insecure?: boolean;
  serverName?: string;
  certFile?: string;
  keyFile?: string;
  caFile?: string;
  certData?: string;
  keyData?: string;
  caData?: string;
}

export interface RawExtender {
  urlPrefix?: string;
  filterVerb?: string;
  preemptVerb?: string;
  prioritizeVerb?: string;
  weight?: number;
  bindVerb?: string;
  enableHTTPS?: boolean;
  tlsConfig?: TlsConfig;
  httpTimeout?: string;
  nodeCacheCapable?: boolean;
  managedResources?: { name?: string; ignoredByScheduler?: boolean }[];
  ignorable?: boolean;
}

/** Extended resources that the scheduler itself leaves to extenders. */
export const ignoredResources = (raw: readonly RawExtender[]): string[] =>
  raw.flatMap(({ managedResources = [] }) =>
    managedResources.filter(({ ignoredByScheduler }) => ignoredByScheduler).map(({ name = '' }) => name),
  );

export function readExtenders(raw: readonly RawExtender[], errors: FieldErrors): Extender[] {
  const before = errors.list.length;
  const seen = new Set<string>();
  raw.forEach((extender, i) => checkExtender(extender, at('extenders', i), seen, errors));
  const binders = raw.filter(({ bindVerb }) => bindVerb).length;
  if (binders > 1) {
    errors.invalid('extenders', `found ${binders} extenders implementing bind`, 'only one extender can implement bind');
  }
  if (errors.list.length > before) return [];
  return raw.flatMap((extender, i) => make(extender, at('extenders', i), errors) ?? []);
}

function checkExtender(raw: RawExtender, path: string, seen: Set<string>, errors: FieldErrors): void {
  const { urlPrefix = '', prioritizeVerb, weight = 0, managedResources = [] } = raw;
  if (!/^https?:\/\//.test(urlPrefix) || !URL.canParse(urlPrefix)) {
    errors.invalid(at(path, 'urlPrefix'), urlPrefix, 'must be a URL, like http://127.0.0.1:8888/scheduler');
  }
  if (prioritizeVerb && weight <= 0) {
    errors.invalid(at(path, 'weight'), weight, 'must have a positive weight applied to it');
  }
  managedResources.forEach(({ name = '' }, i) => {
    const field = at(at(at(path, 'managedResources'), i), 'name');
    const wrong = qualifiedNameErrors(name);
    for (const message of wrong) errors.invalid(field, name, message);
    if (wrong.length === 0 && !isExtendedResource(name)) {
      errors.invalid(field, name, 'is an invalid extended resource name');
    }
    if (seen.has(name)) errors.invalid(field, name, 'duplicate extender managed resource name');
    seen.add(name);
  });
}

function make(raw: RawExtender, path: string, errors: FieldErrors): Extender | undefined {
  const { urlPrefix = '', httpTimeout } = raw;
  let tls: Partial<ClientConfig>;
  try {
    tls = tlsOf(raw);
  } catch (error) {
    errors.invalid(at(path, 'tlsConfig'), '', error instanceof Error ? error.message : String(error));
    return undefined;
  }
  const { origin } = new URL(urlPrefix);
  const timeoutMs = (httpTimeout && durationMs(httpTimeout)) || DEFAULT_TIMEOUT_MS;
  const config = {
    urlPrefix,
    filterVerb: raw.filterVerb ?? '',
    preemptVerb: raw.preemptVerb ?? '',
    prioritizeVerb: raw.prioritizeVerb ?? '',
    bindVerb: raw.bindVerb ?? '',
    weight: raw.weight ?? 0,
    nodeCacheCapable: raw.nodeCacheCapable ?? false,
    ignorable: raw.ignorable ?? false,
    managedResources: (raw.managedResources ?? []).map(({ name = '' }) => name),
  };
  return new Extender(config, httpsTransport({ server: origin, timeoutMs, ...tls }).handler);
}

/** With HTTPS and no authority nothing is verified, as upstream. */
function tlsOf({ tlsConfig: tls = {}, enableHTTPS }: RawExtender): Partial<ClientConfig> {
  const pem = (data: string | undefined, file: string | undefined): string | undefined => {
    if (data) return Buffer.from(data, 'base64').toString();
    return file ? readFileSync(file, 'utf8') : undefined;
  };
  const certificateAuthority = pem(tls.caData, tls.caFile);
  const clientCertificate = pem(tls.certData, tls.certFile);
  const clientKey = pem(tls.keyData, tls.keyFile);
  return {
    ...(certificateAuthority ? { certificateAuthority } : {}),
    ...(clientCertificate && clientKey ? { clientCertificate, clientKey } : {}),
    ...(tls.serverName ? { tlsServerName: tls.serverName } : {}),
    ...(tls.insecure || (enableHTTPS && !certificateAuthority) ? { insecureSkipTlsVerify: true } : {}),
  };
}
