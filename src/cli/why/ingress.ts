// Why an ingress leads nowhere: its class, the services that it names, their ports and endpoints, its certificates.
import type { Service } from 'kubernetes-types/core/v1.js';
import type { Ingress, IngressBackend } from 'kubernetes-types/networking/v1.js';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';
import { serviceFindings } from './service.ts';

export async function ingressFindings(context: WhyContext, ingress: Ingress): Promise<Finding[]> {
  const about = `ingress.networking.k8s.io/${ingress.metadata?.name}`;
  const { namespace = '' } = ingress.metadata ?? {};
  const backends = await Promise.all(backendsOf(ingress).map((b) => backendFindings(context, namespace, about, b)));
  const secrets = await Promise.all(
    (ingress.spec?.tls ?? []).map(async ({ secretName }): Promise<Finding[]> => {
      if (!secretName || !(await context.isAbsent(core(namespace, 'secrets', secretName)))) return [];
      const message = `secret ${JSON.stringify(secretName)} with the certificate is not there`;
      return [
        {
          severity: 'error',
          about,
          reason: 'NotFound',
          message,
          next: `get secrets${inNamespace(context, namespace)}`,
        },
      ];
    }),
  );
  return [...(await classFindings(context, ingress, about)), ...backends.flat(), ...secrets.flat()];
}

async function classFindings(context: WhyContext, ingress: Ingress, about: string): Promise<Finding[]> {
  const name = ingress.spec?.ingressClassName;
  const root = '/apis/networking.k8s.io/v1/ingressclasses';
  const next = 'get ingressclasses';
  if (name && (await context.isAbsent(`${root}/${encodeURIComponent(name)}`))) {
    return [
      {
        severity: 'error',
        about,
        reason: 'NotFound',
        message: `ingress class ${JSON.stringify(name)} is not there`,
        next,
      },
    ];
  }
  if (ingress.status?.loadBalancer?.ingress?.length) return [];
  const classes = (await context.read<{ items?: unknown[] }>(root))?.items;
  const message =
    classes?.length === 0
      ? 'no controller of ingresses runs in this cluster: there is no ingress class'
      : 'no controller has given it an address yet';
  return [{ severity: 'warning', about, reason: 'NoAddress', message, next }];
}

/** Each service and port once. */
function backendsOf({ spec }: Ingress): IngressBackend[] {
  const all = [spec?.defaultBackend, ...(spec?.rules ?? []).flatMap((r) => r.http?.paths ?? []).map((p) => p.backend)];
  const found = all.filter((b): b is IngressBackend => b?.service !== undefined);
  return [...new Map(found.map((b) => [JSON.stringify(b.service), b])).values()];
}

async function backendFindings(
  context: WhyContext,
  namespace: string,
  about: string,
  { service: wanted }: IngressBackend,
): Promise<Finding[]> {
  const { name, port } = wanted!;
  const path = core(namespace, 'services', name);
  const service = await context.read<Service>(path);
  const where = inNamespace(context, namespace);
  if (!service) {
    if (!(await context.isAbsent(path))) return [];
    const message = `service ${JSON.stringify(name)} is not there`;
    return [{ severity: 'error', about, reason: 'NotFound', message, next: `get services${where}` }];
  }
  const ports = service.spec?.ports ?? [];
  if (!ports.some((p) => (port?.name ? p.name === port.name : p.port === port?.number))) {
    const has = ports.map((p) => (p.name ? `${p.name} (${p.port})` : p.port)).join(', ');
    const message = `service ${JSON.stringify(name)} has no port ${port?.name ?? port?.number}; it has ${has || 'none'}`;
    return [{ severity: 'error', about, reason: 'NoSuchPort', message, next: `describe service ${name}${where}` }];
  }
  return (await serviceFindings(context, service)).filter((finding) => finding.severity !== 'info');
}
