// The environment variables that tell a container about services: `WEB_SERVICE_HOST`, `WEB_PORT_80_TCP_ADDR` and the
// rest. Upstream: pkg/kubelet/envvars/envvars.go and kubelet_pods.go getServiceEnvVarMap. Pure.
import type { Service } from 'kubernetes-types/core/v1.js';

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
const hasClusterIp = (service: Service): boolean => {
  const ip = service.spec?.clusterIP;
  return ip !== undefined && ip !== '' && ip !== 'None';
};

/** Services of the pod's namespace when it wants them; the API server's own always. */
export function serviceEnvironment(
  services: readonly Service[],
  namespace: string,
  enableServiceLinks: boolean,
): [string, string][] {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    if (!hasClusterIp(service)) continue;
    const { name = '', namespace: home } = service.metadata ?? {};
    const isMaster = home === 'default' && name === 'kubernetes';
    if (isMaster && !chosen.has(name)) chosen.set(name, service);
    else if (home === namespace && enableServiceLinks) chosen.set(name, service);
  }
  return [...chosen.keys()].sort().flatMap((name) => variablesOf(name, chosen.get(name)!));
}

function variablesOf(name: string, service: Service): [string, string][] {
  const prefix = variableName(name);
  const host = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const result: [string, string][] = [[`${prefix}_SERVICE_HOST`, host]];
  if (ports[0]) result.push([`${prefix}_SERVICE_PORT`, String(ports[0].port)]);
  for (const port of ports) {
    if (port.name) result.push([`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]);
  }
  ports.forEach((port, i) => {
    const protocol = port.protocol ?? 'TCP';
    const url = `${protocol.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port.port}`;
    const portPrefix = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
    if (i === 0) result.push([`${prefix}_PORT`, url]);
    result.push(
      [portPrefix, url],
      [`${portPrefix}_PROTO`, protocol.toLowerCase()],
      [`${portPrefix}_PORT`, String(port.port)],
      [`${portPrefix}_ADDR`, host],
    );
  });
  return result;
}
