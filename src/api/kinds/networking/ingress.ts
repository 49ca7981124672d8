// Ingress. Upstream: pkg/registry/networking/ingress/strategy.go, pkg/apis/networking/validation, printIngress.
import type { Ingress as CoreIngress, IngressBackend, IngressSpec } from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  portNameErrors,
  portNumberErrors,
  wildcardDns1123SubdomainErrors,
} from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column, loadBalancerAddresses } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { dnsSubdomain, ipFamily, push } from '../shared/field-rules.ts';
import { status } from '../shared/workloads.ts';

type Ingress = Omit<CoreIngress, 'status'> & {
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
};

const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const BAD_SEQUENCES = ['//', '/./', '/../', '%2f', '%2F'];
const BAD_SUFFIXES = ['/..', '/.'];

function backend(errors: FieldErrors, path: string, b: IngressBackend | undefined): void {
  const { service, resource } = b ?? {};
  if (resource && service) {
    errors.invalid(path, '', 'cannot set both resource and service backends');
  } else if (resource) {
    if (!resource.kind) errors.required(`${path}.resource.kind`);
    if (!resource.name) errors.required(`${path}.resource.name`);
  } else if (service) {
    const at = `${path}.service`;
    if (!service.name) errors.required(`${at}.name`);
    else push(errors, `${at}.name`, service.name, dns1035LabelErrors(service.name));
    const { name, number } = service.port ?? {};
    if (name && number) errors.invalid(path, '', 'cannot set both port name & port number');
    else if (name) push(errors, `${at}.port.name`, name, portNameErrors(name));
    else if (number) push(errors, `${at}.port.number`, number, portNumberErrors(number));
    else errors.required(path, 'port name or number is required');
  } else errors.required(path, 'resource or service backend is required');
}

function pathRules(errors: FieldErrors, at: string, p: { path?: string; pathType?: string }): void {
  const path = p.path ?? '';
  if (p.pathType == null) return errors.required(`${at}.pathType`, 'pathType must be specified');
  if (!PATH_TYPES.includes(p.pathType)) return errors.notSupported(`${at}.pathType`, p.pathType, PATH_TYPES);
  if (p.pathType === 'ImplementationSpecific') {
    if (path && !path.startsWith('/')) errors.invalid(`${at}.path`, path, 'must be an absolute path');
    return;
  }
  if (!path.startsWith('/')) errors.invalid(`${at}.path`, path, 'must be an absolute path');
  for (const bad of BAD_SEQUENCES) {
    if (path.includes(bad)) errors.invalid(`${at}.path`, path, `must not contain '${bad}'`);
  }
  for (const bad of BAD_SUFFIXES)
    if (path.endsWith(bad)) errors.invalid(`${at}.path`, path, `cannot end with '${bad}'`);
}

function host(errors: FieldErrors, at: string, name: string): void {
  if (ipFamily(name)) errors.invalid(at, name, 'must be a DNS name, not an IP address');
  const rule = name.includes('*') ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors;
  push(errors, at, name, rule(name));
}

function validateSpec(errors: FieldErrors, spec: IngressSpec): void {
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.invalid('spec', spec.rules ?? [], 'either `defaultBackend` or `rules` must be specified');
  }
  if (spec.defaultBackend) backend(errors, 'spec.defaultBackend', spec.defaultBackend);
  spec.rules?.forEach((rule, i) => {
    const at = `spec.rules[${i}]`;
    if (rule.host) host(errors, `${at}.host`, rule.host);
    if (rule.http && !rule.http.paths?.length) errors.required(`${at}.http.paths`);
    rule.http?.paths?.forEach((p, j) => {
      pathRules(errors, `${at}.http.paths[${j}]`, p);
      backend(errors, `${at}.http.paths[${j}].backend`, p.backend);
    });
  });
  spec.tls?.forEach((tls, i) => {
    tls.hosts?.forEach((name, j) => {
      const rule = name.includes('*') ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors;
      push(errors, `spec.tls[${i}].hosts[${j}]`, name, rule(name));
    });
    if (tls.secretName) dnsSubdomain(errors, `spec.tls[${i}].secretName`, tls.secretName);
  });
  if (spec.ingressClassName != null) dnsSubdomain(errors, 'spec.ingressClassName', spec.ingressClassName);
}

interface OldBackend {
  serviceName?: string;
  servicePort?: number | string;
  resource?: object;
  service?: { name: string; port?: { name?: string; number?: number } };
}
interface OldSpec {
  backend?: OldBackend;
  defaultBackend?: OldBackend;
  rules?: { http?: { paths?: { pathType?: string; backend?: OldBackend }[] } }[];
}

function newBackend(b: OldBackend): OldBackend {
  const { serviceName, servicePort, ...rest } = b;
  if (serviceName === undefined && servicePort === undefined) return rest;
  const port = typeof servicePort === 'number' ? { number: servicePort } : { name: servicePort ?? '' };
  return { ...rest, service: { name: serviceName ?? '', port } };
}
function oldBackend(b: OldBackend): OldBackend {
  const { service, ...rest } = b;
  if (!service) return rest;
  return { ...rest, serviceName: service.name, servicePort: service.port?.name || (service.port?.number ?? 0) };
}

const v1beta1 = {
  toStorage(draft: Unstructured): void {
    const spec = draft['spec'] as OldSpec | undefined;
    if (!spec) return;
    if (spec.backend) spec.defaultBackend = newBackend(spec.backend);
    delete spec.backend;
    for (const rule of spec.rules ?? []) {
      for (const path of rule.http?.paths ?? []) {
        path.pathType ??= 'ImplementationSpecific';
        if (path.backend) path.backend = newBackend(path.backend);
      }
    }
  },
  fromStorage(draft: Unstructured): void {
    const { defaultBackend, rules, ...spec } = (draft['spec'] ?? {}) as OldSpec;
    draft['spec'] = {
      ...spec,
      ...(defaultBackend ? { backend: oldBackend(defaultBackend) } : {}),
      ...(rules
        ? {
            rules: rules.map((rule) => ({
              ...rule,
              ...(rule.http
                ? { http: { paths: rule.http.paths?.map((p) => ({ ...p, backend: oldBackend(p.backend ?? {}) })) } }
                : {}),
            })),
          }
        : {}),
    };
  },
};

function hosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const list = rules.filter((r, i) => r.host && i < rules.length).map((r) => r.host!);
  if (!list.length) return '*';
  return list.length > 3 ? `${list.slice(0, 3).join(',')} + ${rules.length - 3} more...` : list.join(',');
}

const group = 'networking.k8s.io';
const replacement = 'networking.k8s.io/v1 Ingress';
const old = (gv: { group: string; version: string }, since: string) => ({
  ...gv,
  convert: v1beta1,
  deprecated: deprecated(gv, 'Ingress', since, '1.22', replacement),
});

export default defineKind<Ingress>({
  group,
  kind: 'Ingress',
  plural: 'ingresses',
  short: ['ing'],
  scope: 'Namespaced',
  storage: { group, version: 'v1' },
  served: [
    { group, version: 'v1' },
    old({ group, version: 'v1beta1' }, '1.19'),
    old({ group: 'extensions', version: 'v1beta1' }, '1.14'),
  ],
  subresources: { status },
  generation: true,
  defaults(draft) {
    draft.spec ??= {};
  },
  prepareCreate(draft) {
    draft.status = { loadBalancer: {} };
  },
  validate: (ingress, errors) => validateSpec(errors, ingress.spec ?? {}),
  warnings(ingress, before) {
    const name = 'kubernetes.io/ingress.class';
    if (before?.metadata?.annotations?.[name] !== undefined || ingress.metadata?.annotations?.[name] === undefined)
      return [];
    return [`annotation "${name}" is deprecated, please use 'spec.ingressClassName' instead`];
  },
  columns: [
    column(
      'Class',
      'string',
      'The name of the IngressClass resource that should be used for additional configuration',
      (i) => i.spec?.ingressClassName ?? '<none>',
    ),
    column('Hosts', 'string', 'Hosts that incoming requests are matched against before the ingress rule', hosts),
    column('Address', 'string', 'Address is a list containing ingress points for the load-balancer', (i) =>
      loadBalancerAddresses(i.status?.loadBalancer),
    ),
    column('Ports', 'string', 'Ports of TLS configurations that open', (i) => (i.spec?.tls?.length ? '80, 443' : '80')),
    ageColumn,
  ],
});
