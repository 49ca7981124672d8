// Why a service reaches nothing.
import type { Pod, Service } from 'kubernetes-types/core/v1.js';
import { isPodReady } from '../../api/pod-status.ts';
import { selectorFromSet } from '../../api/selector.ts';
import { listPods } from '../pods.ts';
import { core, type Finding, inNamespace, type WhyContext } from './finding.ts';
import { groupedPodFindings } from './workload.ts';

export async function serviceFindings(context: WhyContext, service: Service): Promise<Finding[]> {
  const { name = '', namespace = '' } = service.metadata ?? {};
  const about = `service/${name}`;
  const { selector, type, externalName } = service.spec ?? {};
  if (type === 'ExternalName') {
    return [{ severity: 'info', about, reason: 'ExternalName', message: `is only another name of ${externalName}` }];
  }
  const found: Finding[] = [];
  if (type === 'LoadBalancer' && !service.status?.loadBalancer?.ingress?.length) {
    found.push({
      severity: 'warning',
      about,
      reason: 'NoAddress',
      message: 'no load balancer has given it an address',
    });
  }
  if (!selector || Object.keys(selector).length === 0) {
    const message = 'it has no selector: its endpoints are whatever somebody writes';
    const slices = `get endpointslices -l kubernetes.io/service-name=${name}${inNamespace(context, namespace)}`;
    return [...found, { severity: 'info', about, reason: 'NoSelector', message, next: slices }];
  }
  const pods = await listPods(context.cluster, namespace, selectorFromSet(selector).toString()).catch(() => undefined);
  if (!pods) return found;
  if (pods.length === 0) return [...found, await noPods(context, service, selector)];
  found.push(...portFindings(service, pods));
  const ready = pods.filter((p) => isPodReady(p) && !p.metadata?.deletionTimestamp);
  if (ready.length < pods.length) {
    const message = `${ready.length} of ${pods.length} pods are ready`;
    found.push({ severity: ready.length === 0 ? 'error' : 'warning', about, reason: 'NotReady', message });
    found.push(...(await groupedPodFindings(context, pods)));
  }
  return found;
}

/** Nearest are the pods that have most of the labels. */
async function noPods(context: WhyContext, service: Service, selector: Record<string, string>): Promise<Finding> {
  const { name = '', namespace = '' } = service.metadata ?? {};
  const labels = Object.entries(selector).map(([k, v]) => `${k}=${v}`);
  const all = (await context.read<{ items?: Pod[] }>(core(namespace, 'pods')))?.items ?? [];
  const partly = all.find((p) => labels.some((l) => p.metadata?.labels?.[l.split('=')[0]!] !== undefined));
  const has = Object.keys(selector).map((k) => `${k}=${partly?.metadata?.labels?.[k] ?? '<none>'}`);
  return {
    severity: 'error',
    about: `service/${name}`,
    reason: 'NoPods',
    message: `no pod has the labels ${labels.join(',')}`,
    hint: partly ? `pod ${partly.metadata?.name} has ${has.join(',')}.` : undefined,
    next: `get pods --show-labels${inNamespace(context, namespace)}`,
  };
}

function portFindings(service: Service, pods: readonly Pod[]): Finding[] {
  const about = `service/${service.metadata?.name}`;
  const ports = (pod: Pod) => (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  return (service.spec?.ports ?? []).flatMap((port): Finding[] => {
    const target = port.targetPort ?? port.port;
    if (typeof target === 'string' && !pods.some((p) => ports(p).some((c) => c.name === target))) {
      const message = `port ${port.port} goes to the port named ${JSON.stringify(target)}, which no container has`;
      return [{ severity: 'error', about, reason: 'NoSuchPort', message }];
    }
    const declared = pods.flatMap(ports).map((c) => c.containerPort);
    if (typeof target === 'number' && declared.length > 0 && !declared.includes(target)) {
      const named = [...new Set(declared)].join(', ');
      const message = `port ${port.port} goes to ${target}; the containers declare ${named}`;
      return [{ severity: 'warning', about, reason: 'UndeclaredPort', message }];
    }
    return [];
  });
}
