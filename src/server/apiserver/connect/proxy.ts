// The proxy subresources: HTTP to a pod or a service's pod, TLS to a node's daemon. The name in the path may say a scheme
// and a port: `https:name:port`; the certificate of such a pod is nobody's to verify. Upstream: pkg/registry/core/{pod,service,node}/strategy.go (ResourceLocation).
import { BlockList, isIP, isIPv4 } from 'node:net';
import type { EndpointAddress, Endpoints, Pod } from 'kubernetes-types/core/v1.js';
import { EndpointsType, Pods, Services } from '../../../api/resources.ts';
import { StatusError, badRequest, notFound } from '../../../api/status.ts';
import type { Request, Response } from '../../../wire/http.ts';
import type { SubresourceContext } from '../types.ts';
import { forwardedRequest, hostOf, proxiedResponse, redirectToRoot } from './proxied-response.ts';

interface ProxyName {
  /** Empty, http or https. */
  scheme: string;
  name: string;
  port: string;
}

/** Upstream's SplitSchemeNamePort. */
export function splitName(text: string): ProxyName {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: '', name: text, port: '' };
  if (parts.length === 2) return { scheme: '', name: parts[0]!, port: parts[1]! };
  if (parts.length === 3 && ['', 'http', 'https'].includes(parts[0]!))
    return { scheme: parts[0]!, name: parts[1]!, port: parts[2]! };
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

interface ProxyTarget {
  address: string;
  port: number;
  tls: boolean;
}

/** What follows `…/<name>/proxy`, without the query. Namespaces and objects may be called proxy, too. */
function pathBelow({ request, namespace }: SubresourceContext): string {
  const parts = request.path.replace(/^\/+/, '').split('/');
  const at = parts.indexOf('proxy', namespace === '' ? 4 : 6);
  return parts
    .slice(at + 1)
    .map((part) => `/${part}`)
    .join('');
}

/** Carries the request on by `forward`, as a site's that is at home at `siteHost`. */
export async function proxied(
  context: SubresourceContext,
  siteHost: string,
  forward: (path: string, request: Request) => Promise<Response>,
): Promise<Response> {
  const { request } = context;
  const below = pathBelow(context);
  const redirect = below === '' && !request.upgradable ? redirectToRoot(request) : undefined;
  if (redirect) return redirect;
  const path = `${below || '/'}${request.query.size > 0 ? `?${request.query}` : ''}`;
  const prefix = request.path.slice(0, request.path.length - below.length);
  const response = await forward(path, forwardedRequest(request));
  return proxiedResponse(response, { prefix, siteHost, requestHost: hostOf(request) });
}

export async function proxyTo(context: SubresourceContext, target: ProxyTarget): Promise<Response> {
  const { nodes } = context.options;
  if (!nodes?.forwardPlain) throw new StatusError('ServiceUnavailable', 'this API server cannot reach pods');
  const { address, port } = target;
  const host = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  return proxied(context, host, async (path, request) => {
    try {
      return await nodes.forwardPlain!(target, path, request);
    } catch (error) {
      throw new StatusError('ServiceUnavailable', `error trying to reach service: ${(error as Error).message}`);
    }
  });
}

export async function proxyPod(context: SubresourceContext): Promise<Response> {
  const { scheme, name, port } = splitName(context.name);
  const pod = context.lister.get(Pods, context.namespace, name) as Pod | undefined;
  if (!pod) throw notFound({ group: '', plural: 'pods' }, name);
  const address = pod.status?.podIP;
  if (!address || !isProxyable(address)) throw badRequest('address not allowed');
  const tls = scheme === 'https';
  const first = pod.spec?.containers?.find((c) => c.ports?.length)?.ports![0]!.containerPort ?? (tls ? 443 : 80);
  return proxyTo(context, { address, port: port === '' ? first : numberedPort(pod, port), tls });
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
  const { scheme, name, port } = splitName(context.name);
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
    return proxyTo(context, { address: chosen.ip, port: target.port, tls: scheme === 'https' });
  }
  throw new StatusError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`);
}

/** Endpoints that people write lead anywhere: only those of a pod are followed. Upstream: storage.go isValidAddress. */
function isOfPod(context: SubresourceContext, { ip, targetRef }: EndpointAddress): boolean {
  if (targetRef?.kind !== 'Pod' || targetRef.namespace !== context.namespace || !isProxyable(ip)) return false;
  const { podIP, podIPs = [] } = context.lister.get(Pods, context.namespace, targetRef.name ?? '')?.status ?? {};
  return podIP === ip || podIPs.some((known) => known.ip === ip);
}
