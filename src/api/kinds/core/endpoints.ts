// Endpoints, the predecessor of EndpointSlice. Upstream: pkg/registry/core/endpoint/strategy.go, formatEndpoints.
import type { EndpointAddress, EndpointPort, Endpoints } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { dns1123SubdomainErrors, portNumberErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, hostPort } from '../shared/columns.ts';
import { texts } from '../shared/column-texts.ts';
import { PROTOCOLS, dnsLabel, endpointIp, ipAddress, oneOf, push, qualifiedName } from '../shared/field-rules.ts';

/** The first three addresses with their ports, ready ones only. */
function formatEndpoints(endpoints: Endpoints): string {
  if (!endpoints.subsets?.length) return '<none>';
  const list: string[] = [];
  let count = 0;
  for (const { addresses = [], ports = [] } of endpoints.subsets) {
    for (const port of ports.length ? ports : [undefined]) {
      count += addresses.length;
      for (const { ip } of addresses) {
        if (list.length === 3) break;
        list.push(port ? hostPort(ip, port.port) : ip);
      }
    }
  }
  const text = list.join(',');
  return count > list.length ? `${text} + ${count - 3} more...` : text;
}

function address(errors: FieldErrors, path: string, a: EndpointAddress): void {
  ipAddress(errors, `${path}.ip`, a.ip);
  if (a.hostname) dnsLabel(errors, `${path}.hostname`, a.hostname);
  if (a.nodeName != null) push(errors, `${path}.nodeName`, a.nodeName, dns1123SubdomainErrors(a.nodeName));
  endpointIp(errors, `${path}.ip`, a.ip ?? '');
}

function port(errors: FieldErrors, path: string, p: EndpointPort, needsName: boolean): void {
  if (p.name) dnsLabel(errors, `${path}.name`, p.name);
  else if (needsName) errors.required(`${path}.name`);
  push(errors, `${path}.port`, p.port, portNumberErrors(p.port));
  oneOf(errors, `${path}.protocol`, p.protocol, PROTOCOLS);
  if (p.appProtocol != null) qualifiedName(errors, `${path}.appProtocol`, p.appProtocol);
}

export default defineKind<Endpoints>({
  group: '',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  short: ['ep'],
  scope: 'Namespaced',
  storage: { group: '', version: 'v1' },
  served: [
    {
      group: '',
      version: 'v1',
      deprecated: {
        replacement: 'discovery.k8s.io/v1 EndpointSlice',
        message: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
      },
    },
  ],
  generation: false,
  createOnUpdate: true,
  defaults(draft) {
    for (const subset of draft.subsets ?? []) for (const p of subset.ports ?? []) p.protocol ||= 'TCP';
  },
  validate(endpoints, errors) {
    endpoints.subsets?.forEach((subset, i) => {
      const path = `subsets[${i}]`;
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length) {
        errors.required(path, 'must specify `addresses` or `notReadyAddresses`');
      }
      subset.addresses?.forEach((a, j) => address(errors, `${path}.addresses[${j}]`, a));
      subset.notReadyAddresses?.forEach((a, j) => address(errors, `${path}.notReadyAddresses[${j}]`, a));
      const ports = subset.ports ?? [];
      ports.forEach((p, j) => port(errors, `${path}.ports[${j}]`, p, ports.length > 1));
    });
  },
  columns: [column('Endpoints', 'string', texts['Endpoints.subsets']!, formatEndpoints), ageColumn],
});
