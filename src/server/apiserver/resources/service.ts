// Service: cluster IPs and node ports, allocated and released in the transaction that writes the service.
// Upstream: pkg/registry/core/service/storage/{alloc,storage}.go.
import type { Unstructured } from '../../../api/types.ts';
import { FieldErrors, invalid } from '../../../api/validation.ts';
import { allocateAddress } from '../allocation/addresses.ts';
import { allocatePort } from '../allocation/ports.ts';
import { releaseAddress } from '../allocation/ip-address.ts';
import { NODE_PORTS, release } from '../allocation/record.ts';
import { proxyService } from '../connect/proxy.ts';
import { type HookContext, defineHooks } from '../types.ts';

interface ServicePort {
  port: number;
  protocol?: string;
  nodePort?: number;
}
interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  ports?: ServicePort[];
  externalTrafficPolicy?: string;
  healthCheckNodePort?: number;
  allocateLoadBalancerNodePorts?: boolean;
}
type Service = Unstructured & { spec: ServiceSpec };

const HEADLESS = 'None';

export default defineHooks({
  group: '',
  plural: 'services',
  async beginCreate(draft, context) {
    await settle(draft as Service, undefined, context);
  },
  async beginUpdate(draft, old, context) {
    await settle(draft as Service, old as Service, context);
  },
  subresources: { proxy: proxyService },
  async beginDelete(old, context) {
    for (const address of addressesOf(old as Service)) await releaseAddress(context, address);
    for (const port of portsOf(old as Service)) await release(context, NODE_PORTS + port);
  },
});

const needsAddress = ({ type, clusterIP }: ServiceSpec): boolean => type !== 'ExternalName' && clusterIP !== HEADLESS;

const needsPorts = ({ type, allocateLoadBalancerNodePorts }: ServiceSpec): boolean =>
  type === 'NodePort' || (type === 'LoadBalancer' && allocateLoadBalancerNodePorts !== false);

const needsHealthPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === 'LoadBalancer' && externalTrafficPolicy === 'Local';

function addressesOf(service: Service): string[] {
  const { clusterIP, clusterIPs, type } = service.spec;
  if (type === 'ExternalName') return [];
  const all = clusterIPs?.length ? clusterIPs : clusterIP ? [clusterIP] : [];
  return all.filter((address) => address !== HEADLESS && address !== '');
}

function portsOf({ spec }: Service): Set<number> {
  const ports = new Set<number>();
  for (const { nodePort } of spec.ports ?? []) if (nodePort) ports.add(nodePort);
  if (spec.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return ports;
}

async function settle(service: Service, old: Service | undefined, context: HookContext): Promise<void> {
  const errors = new FieldErrors();
  await settleAddress(service, old, context, errors);
  if (errors.empty) await settlePorts(service, old, context, errors);
  if (!errors.empty) throw invalid({ group: '', kind: 'Service' }, service.metadata.name ?? '', errors);
}

async function settleAddress(
  service: Service,
  old: Service | undefined,
  context: HookContext,
  errors: FieldErrors,
): Promise<void> {
  const { spec } = service;
  const before = old ? addressesOf(old) : [];
  if (spec.type !== 'ExternalName') {
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
    if (spec.clusterIP === HEADLESS) spec.clusterIPs = [HEADLESS];
  }
  if (!needsAddress(spec)) {
    for (const address of before) await releaseAddress(context, address);
    return;
  }
  const wanted = spec.clusterIP || spec.clusterIPs?.[0];
  if (wanted && before.includes(wanted)) return;
  try {
    const address = await allocateAddress(context, wanted || undefined);
    spec.clusterIP = address;
    spec.clusterIPs = [address];
  } catch (error) {
    const why = (error as Error).message;
    if (wanted) errors.invalid('spec.clusterIPs', [wanted], why);
    else errors.invalid('spec.clusterIPs', spec.clusterIPs ?? [], `failed to allocate a serviceIP: ${why}`);
  }
}

async function settlePorts(
  service: Service,
  old: Service | undefined,
  context: HookContext,
  errors: FieldErrors,
): Promise<void> {
  const { spec } = service;
  const before = old ? portsOf(old) : new Set<number>();
  const mine = new Set(before);
  await settleNodePorts(spec, mine, context, errors);
  if (needsHealthPort(spec)) {
    try {
      spec.healthCheckNodePort = await allocatePort(context, mine, spec.healthCheckNodePort || undefined);
    } catch (error) {
      errors.invalid('spec.healthCheckNodePort', spec.healthCheckNodePort ?? 0, (error as Error).message);
    }
  } else delete spec.healthCheckNodePort;
  if (!errors.empty) return;
  const after = portsOf(service);
  for (const port of before) if (!after.has(port)) await release(context, NODE_PORTS + port);
}

/** A port with the same number for another protocol shares its node port. */
async function settleNodePorts(
  spec: ServiceSpec,
  mine: Set<number>,
  context: HookContext,
  errors: FieldErrors,
): Promise<void> {
  const automatic = needsPorts(spec);
  if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer') return;
  const byPort = new Map<number, { nodePort: number; protocols: Set<string> }>();
  for (const [i, port] of (spec.ports ?? []).entries()) {
    const protocol = port.protocol ?? 'TCP';
    const same = byPort.get(port.port);
    if (!port.nodePort && same && !same.protocols.has(protocol)) port.nodePort = same.nodePort;
    else if (port.nodePort || automatic) {
      try {
        port.nodePort = await allocatePort(context, mine, port.nodePort || undefined);
      } catch (error) {
        errors.invalid(`spec.ports[${i}].nodePort`, port.nodePort ?? 0, (error as Error).message);
        continue;
      }
    } else continue;
    const known = byPort.get(port.port) ?? { nodePort: port.nodePort, protocols: new Set<string>() };
    known.protocols.add(protocol);
    byPort.set(port.port, known);
  }
}
