// EndpointSlice. Upstream: pkg/registry/discovery/endpointslice/strategy.go, pkg/apis/discovery/validation.
import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { defineKind } from '../../kind.ts';
import { dns1123LabelErrors, dns1123SubdomainErrors, labelValueErrors, validateLabels } from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, firstThree } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { deprecated } from '../shared/deprecations.ts';
import { addressWarnings, parseAddress, sloppyAddress } from '../shared/addresses.ts';
import { PROTOCOLS, dnsLabel, endpointIp, immutable, oneOf, push, qualifiedName } from '../shared/field-rules.ts';

const group = 'discovery.k8s.io';
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;
const MAX_TOPOLOGY = 16;

/** Upstream: IsFullyQualifiedDomainName. */
function domainName(errors: FieldErrors, field: string, value: string): void {
  if (!value) return errors.required(field);
  const name = value.endsWith('.') ? value.slice(0, -1) : value;
  const bad = dns1123SubdomainErrors(name);
  if (bad.length) return errors.invalid(field, name, bad.join(','));
  const labels = name.split('.');
  if (labels.length < 2) {
    return errors.invalid(field, name, 'should be a domain with at least two segments separated by dots');
  }
  for (const label of labels) {
    const wrong = dns1123LabelErrors(label);
    if (wrong.length) return errors.invalid(field, label, wrong.join(','));
  }
}

function address(errors: FieldErrors, field: string, value: string, type: string): void {
  if (type === 'FQDN') return domainName(errors, field, value);
  if (type !== 'IPv4' && type !== 'IPv6') return;
  const parsed = parseAddress(value);
  if (!parsed) return sloppyAddress(errors, field, value);
  if (parsed.bits !== (type === 'IPv4' ? 32 : 128)) errors.invalid(field, value, `must be an ${type} address`);
  endpointIp(errors, field, value);
}

function hints(errors: FieldErrors, path: string, list: readonly { name?: string }[] | undefined): void {
  if (!list) return;
  if (list.length > MAX_HINTS) return errors.tooMany(path, list.length, MAX_HINTS);
  const names = new Set<string>();
  list.forEach(({ name = '' }, i) => {
    if (names.has(name)) errors.duplicate(`${path}[${i}].name`, name);
    names.add(name);
    if (path.endsWith('forZones')) push(errors, `${path}[${i}].name`, name, labelValueErrors(name));
    else push(errors, `${path}[${i}].name`, name, dns1123SubdomainErrors(name));
  });
}

function endpoint(errors: FieldErrors, path: string, e: Endpoint, type: string): void {
  if (!e.addresses?.length) errors.required(`${path}.addresses`, 'must contain at least 1 address');
  else if (e.addresses.length > 100) errors.tooMany(`${path}.addresses`, e.addresses.length, 100);
  e.addresses?.forEach((value, i) => address(errors, `${path}.addresses[${i}]`, value, type));
  if (e.nodeName != null) push(errors, `${path}.nodeName`, e.nodeName, dns1123SubdomainErrors(e.nodeName));
  const topology = e.deprecatedTopology;
  if (topology) {
    const size = Object.keys(topology).length;
    if (size > MAX_TOPOLOGY) errors.tooMany(`${path}.deprecatedTopology`, size, MAX_TOPOLOGY);
    validateLabels(errors, `${path}.deprecatedTopology`, topology);
  }
  if (e.hostname != null) dnsLabel(errors, `${path}.hostname`, e.hostname);
  hints(errors, `${path}.hints.forZones`, e.hints?.forZones);
  hints(errors, `${path}.hints.forNodes`, (e.hints as { forNodes?: { name?: string }[] } | undefined)?.forNodes);
}

function ports(errors: FieldErrors, list: readonly EndpointPort[]): void {
  if (list.length > MAX_PORTS) return errors.tooMany('ports', list.length, MAX_PORTS);
  const names = new Set<string>();
  list.forEach((p, i) => {
    const name = p.name ?? '';
    if (name) dnsLabel(errors, `ports[${i}].name`, name);
    if (names.has(name)) errors.duplicate(`ports[${i}].name`, name);
    names.add(name);
    oneOf(errors, `ports[${i}].protocol`, p.protocol, PROTOCOLS);
    if (p.appProtocol != null) qualifiedName(errors, `ports[${i}].appProtocol`, p.appProtocol);
  });
}

type OldEndpoint = Endpoint & { topology?: Record<string, string> };
const HOSTNAME = 'kubernetes.io/hostname';
const ZONE = 'topology.kubernetes.io/zone';

/** v1beta1 kept a node's name and zone among others in `topology`. Upstream: pkg/apis/discovery/v1beta1/conversion.go. */
const v1beta1 = {
  toStorage(draft: Unstructured): void {
    for (const e of (draft['endpoints'] ?? []) as OldEndpoint[]) {
      if (!e.topology) continue;
      const { [HOSTNAME]: node, [ZONE]: zone, ...others } = e.topology;
      delete e.topology;
      if (node !== undefined) e.nodeName ??= node;
      if (zone !== undefined) e.zone ??= zone;
      if (node !== undefined && node !== e.nodeName) others[HOSTNAME] = node;
      if (Object.keys(others).length > 0) e.deprecatedTopology = others;
    }
  },
  fromStorage(draft: Unstructured): void {
    draft['endpoints'] = ((draft['endpoints'] ?? []) as OldEndpoint[]).map(({ zone, deprecatedTopology, ...e }) => {
      const topology: Record<string, string> = e.nodeName ? { [HOSTNAME]: e.nodeName } : {};
      Object.assign(topology, deprecatedTopology);
      if (zone) topology[ZONE] = zone;
      return Object.keys(topology).length > 0 ? { ...e, topology } : e;
    });
  },
};

export default defineKind<EndpointSlice>({
  group,
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    {
      group,
      version: 'v1beta1',
      convert: v1beta1,
      deprecated: deprecated(
        { group, version: 'v1beta1' },
        'EndpointSlice',
        '1.21',
        '1.25',
        'discovery.k8s.io/v1 EndpointSlice',
      ),
    },
  ],
  generation: true,
  generationWith: 'labels',
  defaults(draft) {
    for (const port of draft.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
    draft.endpoints ??= [];
  },
  validate(slice, errors) {
    const type = slice.addressType ?? '';
    if (!type) errors.required('addressType');
    else if (!['FQDN', 'IPv4', 'IPv6'].includes(type)) {
      errors.notSupported('addressType', type, ['FQDN', 'IPv4', 'IPv6']);
    }
    const endpoints = slice.endpoints ?? [];
    if (endpoints.length > MAX_ENDPOINTS) errors.tooMany('endpoints', endpoints.length, MAX_ENDPOINTS);
    else for (let i = 0; i < endpoints.length; i++) endpoint(errors, `endpoints[${i}]`, endpoints[i]!, type);
    ports(errors, slice.ports ?? []);
  },
  validateUpdate(slice, old, errors) {
    immutable(errors, 'addressType', slice.addressType, old.addressType);
  },
  warnings: (slice, old) => {
    if (old && slice.metadata?.generation === old.metadata?.generation) return [];
    if (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6') return [];
    return (slice.endpoints ?? []).flatMap((e, i) =>
      (e.addresses ?? []).flatMap((value, j) => addressWarnings(`endpoints[${i}].addresses[${j}]`, value)),
    );
  },
  columns: [
    column('AddressType', 'string', texts['EndpointSlice.addressType']!, (s) => s.addressType ?? ''),
    column('Ports', 'string', texts['EndpointSlice.ports']!, (s) =>
      firstThree(s.ports?.map((p) => String(p.port ?? (p.name || '*'))) ?? [], '<unset>'),
    ),
    column('Endpoints', 'string', texts['EndpointSlice.endpoints']!, (s) =>
      firstThree(s.endpoints?.flatMap((e) => e.addresses ?? []) ?? [], '<unset>'),
    ),
    ageColumn,
  ],
});
