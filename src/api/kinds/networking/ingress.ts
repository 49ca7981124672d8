// Ingress. Upstream: pkg/registry/networking/ingress/strategy.go, pkg/apis/networking/validation, printIngress.
import type {
  Ingress as CoreIngress,
  IngressBackend,
  IngressRule,
  IngressSpec,
} from 'kubernetes-types/networking/v1.js';
import { defineKind } from '../../kind.ts';
import {
  dns1035LabelErrors,
  dns1123SubdomainErrors,
  portNameErrors,
  portNumberErrors,
  wildcardDns1123SubdomainErrors,
} from '../../names.ts';
import type { Unstructured } from '../../types.ts';
import { FieldErrors } from '../../validation.ts';
import { ageColumn, column, loadBalancerAddresses } from '../shared/columns.ts';
import { deprecated } from '../shared/deprecations.ts';
import { parseAddress, sloppyAddress } from '../shared/addresses.ts';
import { typedReference } from '../shared/references.ts';
import { dnsSubdomain, push } from '../shared/field-rules.ts';
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
    typedReference(errors, `${path}.resource`, resource);
  } else if (service) {
    const at = `${path}.service`;
    if (!service.name) errors.required(`${at}.name`);
    else push(errors, `${at}.name`, service.name, dns1035LabelErrors(service.name));
    const { name, number } = service.port ?? {};
    if (name && number) errors.invalid(path, '', 'cannot set both port name & port number');
    else if (name) push(errors, `${at}.port.name`, name, portNameErrors(name));
    else if (number) push(errors, `${at}.port.number`, number, portNumberErrors(number));
    else errors.required(path, 'port name or number is required');
  } else errors.invalid(path, '', 'resource or service backend is required');
}

function pathRules(errors: FieldErrors, at: string, p: { path?: string; pathType?: string }): void {
  const path = p.path ?? '';
  if (!PATH_TYPES.includes(p.pathType ?? '')) return errors.notSupported(`${at}.pathType`, p.pathType, PATH_TYPES);
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
  if (parseAddress(name)) errors.invalid(at, name, 'must be a DNS name, not an IP address');
  const rule = name.includes('*') ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors;
  push(errors, at, name, rule(name));
}

/** What was wrong already may stay so. Upstream: IngressValidationOptions. */
interface Leniency {
  secretNames: boolean;
  wildcardRules: boolean;
}

function http(errors: FieldErrors, at: string, rule: IngressRule): void {
  if (rule.http && !rule.http.paths?.length) errors.required(`${at}.http.paths`);
  rule.http?.paths?.forEach((p, j) => {
    const path = `${at}.http.paths[${j}]`;
    // Without a type upstream looks no further.
    if (p.pathType == null) return errors.required(`${path}.pathType`, 'pathType must be specified');
    pathRules(errors, path, p);
    backend(errors, `${path}.backend`, p.backend);
  });
}

function leniency({ spec }: Ingress): Leniency {
  const broken = new FieldErrors();
  for (const rule of spec?.rules ?? []) if (rule.host?.includes('*')) http(broken, '', rule);
  const secretNames = spec?.tls?.some((tls) => tls.secretName && dns1123SubdomainErrors(tls.secretName).length > 0);
  return { secretNames: secretNames ?? false, wildcardRules: !broken.empty };
}

function validateSpec(errors: FieldErrors, spec: IngressSpec, lenient?: Leniency): void {
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.invalid('spec', spec.rules, 'either `defaultBackend` or `rules` must be specified');
  }
  if (spec.defaultBackend) backend(errors, 'spec.defaultBackend', spec.defaultBackend);
  spec.rules?.forEach((rule, i) => {
    const at = `spec.rules[${i}]`;
    if (rule.host) host(errors, `${at}.host`, rule.host);
    if (!rule.host?.includes('*') || !lenient?.wildcardRules) http(errors, at, rule);
  });
  spec.tls?.forEach((tls, i) => {
    tls.hosts?.forEach((name, j) => {
      const rule = name.includes('*') ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors;
      push(errors, `spec.tls[${i}].hosts[${j}]`, name, rule(name));
    });
    if (tls.secretName && !lenient?.secretNames) dnsSubdomain(errors, `spec.tls[${i}].secretName`, tls.secretName);
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

/** Upstream: formatHosts, which counts the rules and not the hosts. */
function hosts({ spec }: Ingress): string {
  const rules = spec?.rules ?? [];
  const list: string[] = [];
  for (const rule of rules) {
    if (list.length === 3) return `${list.join(',')} + ${rules.length - 3} more...`;
    if (rule.host) list.push(rule.host);
  }
  return list.join(',') || '*';
}

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';

function validateCreate({ spec, metadata }: Ingress, errors: FieldErrors): void {
  validateSpec(errors, spec ?? {});
  const [annotation, name] = [metadata?.annotations?.[CLASS_ANNOTATION], spec?.ingressClassName];
  if (annotation !== undefined && name != null && annotation !== name) {
    const why = 'must match `ingressClassName` when both are specified';
    errors.invalid(`annotations.${CLASS_ANNOTATION}`, annotation, why);
  }
}

function validateStatus({ status: s }: Ingress, _old: Ingress, errors: FieldErrors): void {
  s?.loadBalancer?.ingress?.forEach(({ ip, hostname }, i) => {
    const at = `status.loadBalancer.ingress[${i}]`;
    if (ip) sloppyAddress(errors, `${at}.ip`, ip);
    if (!hostname) return;
    push(errors, `${at}.hostname`, hostname, dns1123SubdomainErrors(hostname));
    if (parseAddress(hostname)) errors.invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address');
  });
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
  validateCreate,
  validateUpdate: (ingress, before, errors) => validateSpec(errors, ingress.spec ?? {}, leniency(before)),
  validateStatus,
  warnings(ingress, before) {
    if (before || ingress.metadata?.annotations?.[CLASS_ANNOTATION] === undefined) return [];
    return [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`];
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
