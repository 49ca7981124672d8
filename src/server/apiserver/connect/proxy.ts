// The proxy subresources: plain HTTP to a pod or a service's pod, TLS to a node's daemon. The name in the path may say
// a scheme and a port: `https:name:port`. Upstream: pkg/registry/core/{pod,service,node}/strategy.go (ResourceLocation).
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { EndpointAddress, Endpoints, Pod } from 'kubernetes-types/core/v1.js';
import { EndpointsType, Pods, Services } from '../../../api/resources.ts';
import { StatusError, badRequest, notFound } from '../../../api/status.ts';
import type { Response } from '../../../wire/http.ts';
import type { SubresourceContext } from '../types.ts';

interface ProxyName {
  name: string;
  port: string;
}

/** Upstream's SplitSchemeNamePort. */
export function splitName(text: string): ProxyName {
  const parts = text.split(':');
  if (parts.length === 1) return { name: text, port: '' };
  if (parts.length === 2) return { name: parts[0]!, port: parts[1]! };
  if (parts.length === 3 && ['', 'http', 'https'].includes(parts[0]!)) return { name: parts[1]!, port: parts[2]! };
  throw badRequest(`invalid proxy request ${JSON.stringify(text)}`);
}

/** Addresses that a pod or node cannot have: with them, whoever writes status would reach into our own machine. */
const NOT_PROXIED = new BlockList();
for (const [network, bits] of [
  ['0.0.0.0', 32],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['255.255.255.255', 32],
] as const) {
  NOT_PROXIED.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['::', 128],
  ['::1', 128],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  NOT_PROXIED.addSubnet(network, bits, 'ipv6');
}

/** Upstream: apimachinery/pkg/util/proxy IsProxyableIP (Go's IsGlobalUnicast). */
export function isProxyable(address: string): boolean {
  return isIP(address) !== 0 && !NOT_PROXIED.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

async function send(context: SubresourceContext, address: string, port: number): Promise<Response> {
  const { nodes } = context.options;
  if (!nodes?.forwardPlain) throw new StatusError('ServiceUnavailable', 'this API server cannot reach pods');
  const rest = proxiedPath(context);
  try {
    return await nodes.forwardPlain({ address, port }, rest, context.request);
  } catch (error) {
    throw new StatusError('ServiceUnavailable', `error trying to reach service: ${(error as Error).message}`);
  }
}

/** What follows `…/<name>/proxy`, with the query. Namespaces and objects may be called proxy, too. */
export function proxiedPath({ request, namespace }: SubresourceContext): string {
  const parts = request.path.replace(/^\/+/, '').split('/');
  const at = parts.indexOf('proxy', namespace === '' ? 4 : 6);
  const rest = `/${parts.slice(at + 1).join('/')}`;
  return request.query.size > 0 ? `${rest}?${request.query}` : rest;
}

export async function proxyPod(context: SubresourceContext): Promise<Response> {
  const { name, port } = splitName(context.name);
  const pod = context.lister.get(Pods, context.namespace, name) as Pod | undefined;
  if (!pod) throw notFound({ group: '', plural: 'pods' }, name);
  const address = pod.status?.podIP;
  if (!address || !isProxyable(address)) throw badRequest('address not allowed');
  const first = pod.spec?.containers?.[0]?.ports?.[0]?.containerPort ?? 80;
  return send(context, address, port === '' ? first : numberedPort(pod, port));
}

function numberedPort(pod: Pod, port: string): number {
  const number = Number(port);
  if (Number.isInteger(number)) return number;
  const ports = pod.spec?.containers?.flatMap((c) => c.ports ?? []) ?? [];
  const named = ports.find((p) => p.name === port);
  if (!named) throw badRequest(`invalid port ${JSON.stringify(port)}`);
  return named.containerPort;
}

export async function proxyService(context: SubresourceContext): Promise<Response> {
  const { name, port } = splitName(context.name);
  const service = context.lister.get(Services, context.namespace, name);
  if (!service) throw notFound({ group: '', plural: 'services' }, name);
  const endpoints = context.lister.get(EndpointsType, context.namespace, name) as Endpoints | undefined;
  const wanted = (service.spec?.ports ?? []).find((p) => port === '' || p.name === port || String(p.port) === port);
  if (!wanted)
    throw new StatusError(
      'ServiceUnavailable',
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  for (const subset of endpoints?.subsets ?? []) {
    const target = subset.ports?.find((p) => (p.name ?? '') === (wanted.name ?? ''));
    const addresses = (subset.addresses ?? []).filter((address) => isOfPod(context, address));
    if (!target || addresses.length === 0) continue;
    const chosen = addresses[Math.floor(Math.random() * addresses.length)]!;
    return send(context, chosen.ip, target.port);
  }
  throw new StatusError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`);
}

/** Endpoints that people write lead anywhere: only those of a pod are followed. Upstream: storage.go isValidAddress. */
function isOfPod(context: SubresourceContext, { ip, targetRef }: EndpointAddress): boolean {
  if (targetRef?.kind !== 'Pod' || targetRef.namespace !== context.namespace || !isProxyable(ip)) return false;
  const { podIP, podIPs = [] } = context.lister.get(Pods, context.namespace, targetRef.name ?? '')?.status ?? {};
  return podIP === ip || podIPs.some((known) => known.ip === ip);
}
