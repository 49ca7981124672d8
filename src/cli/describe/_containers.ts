// Containers on the pages of pods and pod templates. Upstream: kubectl/pkg/describe describeContainers.
import type { Container, ContainerState, ContainerStatus, EnvVar, Probe } from 'kubernetes-types/core/v1.js';
import { canonicalQuantity, quantityMillis, quantityValue } from '../../api/quantity.ts';
import { boolText, type Document, orNone, rfc1123z } from './_document.ts';

/** What a fieldRef gives in the pod at hand; absent on templates. */
export type FieldResolver = (fieldPath: string) => string;

export function containerLines(
  doc: Document,
  label: string,
  containers: readonly Container[],
  options: { statuses?: readonly ContainerStatus[]; resolve?: FieldResolver; space?: string } = {},
): void {
  const { statuses = [], resolve, space = '' } = options;
  doc.line(0, `${space}${label}:${containers.length === 0 ? ' <none>' : ''}`);
  for (const container of containers) {
    const status = statuses.find((s) => s.name === container.name);
    basics(doc, container, status, space === '' ? '' : ' ');
    commandLines(doc, 'Command', container.command);
    commandLines(doc, 'Args', container.args);
    if (status) stateLines(doc, status);
    resourceLines(doc, 2, container.resources);
    for (const [name, probe] of [
      ['Liveness', container.livenessProbe],
      ['Readiness', container.readinessProbe],
      ['Startup', container.startupProbe],
    ] as const) {
      if (probe) doc.field(2, name, probeText(probe));
    }
    envFromLines(doc, container);
    envLines(doc, container, resolve);
    mountLines(doc, container);
  }
}

function basics(doc: Document, container: Container, status: ContainerStatus | undefined, indent: string): void {
  doc.line(1, `${indent}${container.name}:`);
  if (status) doc.field(2, 'Container ID', status.containerID ?? '');
  doc.field(2, 'Image', container.image ?? '');
  if (status) doc.field(2, 'Image ID', status.imageID);
  const ports = (container.ports ?? []).map((p) => `${p.containerPort}/${p.protocol ?? 'TCP'}`).join(', ');
  const hostPorts = (container.ports ?? []).map((p) => `${p.hostPort ?? 0}/${p.protocol ?? 'TCP'}`).join(', ');
  doc.field(2, ports.includes(',') ? 'Ports' : 'Port', orNone(ports));
  doc.field(2, hostPorts.includes(',') ? 'Host Ports' : 'Host Port', orNone(hostPorts));
  const seccomp = container.securityContext?.seccompProfile;
  if (!seccomp) return;
  doc.field(2, 'SeccompProfile', seccomp.type);
  if (seccomp.type === 'Localhost') doc.field(3, 'LocalhostProfile', seccomp.localhostProfile ?? '');
}

function commandLines(doc: Document, title: string, words: readonly string[] | undefined): void {
  if (!words || words.length === 0) return;
  doc.line(2, `${title}:`);
  for (const line of words.flatMap((w) => w.split('\n'))) doc.line(3, line);
}

function stateLines(doc: Document, status: ContainerStatus): void {
  state(doc, 'State', status.state ?? {});
  if (status.lastState?.terminated) state(doc, 'Last State', status.lastState);
  doc.field(2, 'Ready', boolText(status.ready));
  doc.field(2, 'Restart Count', status.restartCount);
}

function state(doc: Document, name: string, { running, waiting, terminated }: ContainerState): void {
  if (running) {
    doc.field(2, name, 'Running');
    doc.field(3, 'Started', rfc1123z(running.startedAt));
  } else if (terminated) {
    doc.field(2, name, 'Terminated');
    if (terminated.reason) doc.field(3, 'Reason', terminated.reason);
    if (terminated.message) doc.field(3, 'Message', terminated.message);
    doc.field(3, 'Exit Code', terminated.exitCode);
    if ((terminated.signal ?? 0) > 0) doc.field(3, 'Signal', terminated.signal);
    doc.field(3, 'Started', rfc1123z(terminated.startedAt));
    doc.field(3, 'Finished', rfc1123z(terminated.finishedAt));
  } else {
    doc.field(2, name, 'Waiting');
    if (waiting?.reason) doc.field(3, 'Reason', waiting.reason);
  }
}

/** Limits and requests, sorted. */
export function resourceLines(doc: Document, level: number, resources: Container['resources']): void {
  for (const [title, list] of [
    ['Limits', resources?.limits],
    ['Requests', resources?.requests],
  ] as const) {
    const names = Object.keys(list ?? {}).sort();
    if (names.length > 0) doc.line(level, `${title}:`);
    for (const name of names) doc.field(level + 1, name, canonicalQuantity(list![name]!));
  }
}

/** `http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3` */
export function probeText(probe: Probe): string {
  const { initialDelaySeconds = 0, timeoutSeconds = 1, periodSeconds = 10 } = probe;
  const counts = `#success=${probe.successThreshold ?? 1} #failure=${probe.failureThreshold ?? 3}`;
  const attributes = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s ${counts}`;
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (exec) return `exec [${(exec.command ?? []).join(' ')}] ${attributes}`;
  if (httpGet) {
    const host = httpGet.host?.includes(':') ? `[${httpGet.host}]` : (httpGet.host ?? '');
    const path = (httpGet.path ?? '').replace(/^([^/])/, '/$1');
    return `http-get ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${host}:${httpGet.port}${path} ${attributes}`;
  }
  if (tcpSocket) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port} ${attributes}`;
  if (grpc) return `grpc <pod>:${grpc.port} ${grpc.service ?? ''} ${attributes}`;
  return `unknown ${attributes}`;
}

function envFromLines(doc: Document, container: Container): void {
  if (!container.envFrom || container.envFrom.length === 0) return;
  doc.line(2, 'Environment Variables from:');
  for (const { configMapRef, secretRef, prefix } of container.envFrom) {
    const from = configMapRef ? 'ConfigMap' : secretRef ? 'Secret' : '';
    const ref = configMapRef ?? secretRef;
    const how = prefix ? `${from} with prefix '${prefix}'` : from;
    doc.line(3, `${ref?.name ?? ''}\t${how}\tOptional: ${ref?.optional ?? false}`);
  }
}

function envLines(doc: Document, container: Container, resolve: FieldResolver | undefined): void {
  const env = container.env ?? [];
  doc.line(2, `Environment:${env.length === 0 ? '\t<none>' : ''}`);
  for (const variable of env) {
    for (const [i, text] of envText(variable, container, resolve).entries()) {
      doc.line(3, i === 0 ? `${variable.name}:\t${text}` : `\t${text}`);
    }
  }
}

function envText(variable: EnvVar, container: Container, resolve: FieldResolver | undefined): string[] {
  const from = variable.valueFrom;
  if (!from) return (variable.value ?? '').split('\n');
  const { fieldRef, resourceFieldRef, secretKeyRef, configMapKeyRef } = from;
  if (fieldRef)
    return [`${resolve?.(fieldRef.fieldPath) ?? ''} (${fieldRef.apiVersion ?? 'v1'}:${fieldRef.fieldPath})`];
  if (resourceFieldRef) {
    const { resource, divisor } = resourceFieldRef;
    const value = resourceValue(container, resource, divisor);
    const unlimited = value === '0' && (resource === 'limits.cpu' || resource === 'limits.memory');
    return [`${unlimited ? 'node allocatable' : value} (${resource})`];
  }
  if (secretKeyRef) {
    const { key, name, optional = false } = secretKeyRef;
    return [`<set to the key '${key}' in secret '${name}'>\tOptional: ${optional}`];
  }
  if (configMapKeyRef) {
    const { key, name, optional = false } = configMapKeyRef;
    return [`<set to the key '${key}' of config map '${name}'>\tOptional: ${optional}`];
  }
  return [''];
}

/** Upstream: resourcehelper.ExtractContainerResourceValue: rounded up in units of the divisor. */
function resourceValue(container: Container, resource: string, divisor: string | undefined): string {
  const [list, name] = [resource.slice(0, resource.indexOf('.')), resource.slice(resource.indexOf('.') + 1)];
  const amount = container.resources?.[list as 'limits' | 'requests']?.[name];
  if (amount === undefined) return '0';
  const unit = divisor && divisor !== '0' ? divisor : '1';
  if (name === 'cpu') return String(Math.ceil(quantityMillis(amount) / quantityMillis(unit)));
  return String(Math.ceil(Number(quantityValue(amount)) / Number(quantityValue(unit))));
}

function mountLines(doc: Document, container: Container): void {
  const mounts = [...(container.volumeMounts ?? [])].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1));
  doc.line(2, `Mounts:${mounts.length === 0 ? '\t<none>' : ''}`);
  for (const mount of mounts) {
    const how = [mount.readOnly ? 'ro' : 'rw', ...(mount.subPath ? [`path=${JSON.stringify(mount.subPath)}`] : [])];
    doc.line(3, `${mount.mountPath} from ${mount.name} (${how.join(',')})`);
  }
  const devices = [...(container.volumeDevices ?? [])].sort((a, b) => (a.devicePath < b.devicePath ? -1 : 1));
  if (devices.length === 0) return;
  doc.line(2, `Devices:${mounts.length === 0 ? '\t<none>' : ''}`);
  for (const device of devices) doc.line(3, `${device.devicePath} from ${device.name}`);
}
