// The ports of `port-forward`: names of services and containers as numbers, and what cannot be forwarded. Upstream:
// kubectl/pkg/cmd/portforward/portforward.go, client-go/tools/portforward parsePorts.
import type { Pod, Service } from 'kubernetes-types/core/v1.js';
import type { Unstructured } from '../api/types.ts';
import { CliError } from './errors.ts';

export interface ForwardedPort {
  /** 0: any. */
  local: number;
  remote: number;
}

interface Port {
  number: number;
  protocol: string | undefined;
}

const isNumber = (text: string): boolean => /^[-+]?\d+$/.test(text);

/** `local:remote`; anything else is both. */
function split(text: string): [string, string] {
  const parts = text.split(':');
  return parts.length === 2 ? (parts as [string, string]) : [parts[0]!, parts[0]!];
}

/** The ports as numbers of the pod, as `local:remote` or one number for both. */
export function numberedPorts(texts: readonly string[], object: Unstructured, pod: Pod): string[] {
  if (object.kind === 'Service') return servicePorts(texts, object as unknown as Service, pod);
  const containerPorts = (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  const numberOf = (text: string): number => (isNumber(text) ? Number(text) : podPort(pod, text));
  const all = containerPorts.map((p) => ({ number: p.containerPort, protocol: p.protocol }));
  refuseUdp(texts, all, numberOf);
  return texts.map((text) => {
    const [local, remote] = split(text);
    const number = String(numberOf(remote));
    return local === remote ? number : `${local}:${number}`;
  });
}

function servicePorts(texts: readonly string[], service: Service, pod: Pod): string[] {
  const { name } = service.metadata ?? {};
  const ports = service.spec?.ports ?? [];
  const numberOf = (text: string): number => {
    if (isNumber(text)) return Number(text);
    const named = ports.find((p) => p.name === text);
    if (!named) throw new CliError(`Service '${name}' does not have a named port '${text}'`);
    return named.port;
  };
  const all = ports.map((p) => ({ number: p.port, protocol: p.protocol }));
  refuseUdp(texts, all, numberOf);
  return texts.map((text) => {
    const [local, remote] = split(text);
    const number = numberOf(remote);
    const here = local === remote ? String(number) : local;
    const there = String(targetPort(service, pod, number));
    return here === there ? there : `${here}:${there}`;
  });
}

/** Upstream: util.LookupContainerPortNumberByServicePort. */
function targetPort(service: Service, pod: Pod, number: number): number {
  const port = service.spec?.ports?.find((p) => p.port === number);
  if (!port) throw new CliError(`Service ${service.metadata?.name} does not have a service port ${number}`);
  if (service.spec?.clusterIP === 'None') return number;
  const target = port.targetPort ?? port.port;
  if (typeof target === 'string') return podPort(pod, target);
  return target === 0 ? number : target;
}

function podPort(pod: Pod, text: string): number {
  const ports = (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  const found = ports.find((p) => p.name === text);
  if (!found) throw new CliError(`Pod '${pod.metadata?.name}' does not have a named port '${text}'`);
  return found.containerPort;
}

function refuseUdp(texts: readonly string[], ports: readonly Port[], numberOf: (text: string) => number): void {
  const speaks = (number: number, protocol: string): boolean =>
    ports.some((p) => p.number === number && p.protocol === protocol);
  for (const text of texts) {
    const [, remote] = split(text);
    const number = numberOf(remote);
    if (!speaks(number, 'UDP') || speaks(number, 'TCP')) continue;
    throw new CliError(`UDP protocol is not supported for ${remote}`);
  }
}

/** One of the numbered ports, to listen on and to reach. */
export function parsePort(text: string): ForwardedPort {
  const parts = text.split(':');
  if (parts.length > 2) throw new CliError(`invalid port format '${text}'`);
  const local = parsed(parts.length === 2 && parts[0] === '' ? '0' : parts[0]!, 'local');
  const remote = parsed(parts.at(-1)!, 'remote');
  if (remote === 0) throw new CliError('remote port must be > 0');
  return { local, remote };
}

function parsed(text: string, which: 'local' | 'remote'): number {
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (number <= 65_535) return number;
  const why = Number.isNaN(number) ? 'invalid syntax' : 'value out of range';
  throw new CliError(
    `error parsing ${which} port '${text}': strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`,
  );
}
