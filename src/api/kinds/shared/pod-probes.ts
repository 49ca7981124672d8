// Rules for probes and lifecycle hooks. Upstream: validateProbe, validateHandler, validateLifecycle.
import type * as core from 'kubernetes-types/core/v1.js';
import { httpHeaderNameErrors } from '../../names.ts';
import type { FieldErrors } from '../../validation.ts';
import { nonNegative, portNumberOrName, push } from './field-rules.ts';
import type { Lifecycle, PodSpec } from './pod-types.ts';

const WINDOWS_SIGNALS = ['SIGKILL', 'SIGTERM'];
const upTo = (name: string, last: number): string[] => Array.from({ length: last }, (_, i) => `${name}${i + 1}`);
const LINUX_SIGNALS = [
  ...'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT RTMAX RTMIN SEGV'.split(' '),
  ...'STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ'.split(' '),
  ...upTo('RTMAX-', 14),
  ...upTo('RTMIN+', 15),
]
  .map((name) => `SIG${name}`)
  .sort();

type Handler = core.LifecycleHandler & { grpc?: core.GRPCAction; sleep?: { seconds?: number } };

function httpGet(errors: FieldErrors, path: string, action: core.HTTPGetAction): void {
  if (!action.path) errors.required(`${path}.path`);
  portNumberOrName(errors, `${path}.port`, action.port);
  if (action.scheme !== 'HTTP' && action.scheme !== 'HTTPS') {
    errors.notSupported(`${path}.scheme`, action.scheme ?? '', ['HTTP', 'HTTPS']);
  }
  for (const header of action.httpHeaders ?? []) {
    push(errors, `${path}.httpHeaders`, header.name, httpHeaderNameErrors(header.name ?? ''));
  }
}

function handler(errors: FieldErrors, path: string, h: Handler, graceSeconds: number | undefined): void {
  let count = 0;
  const isFirst = (name: string): boolean => {
    if (count++ === 0) return true;
    errors.forbidden(`${path}.${name}`, 'may not specify more than 1 handler type');
    return false;
  };
  if (h.exec && isFirst('exec') && !h.exec.command?.length) errors.required(`${path}.exec.command`);
  if (h.httpGet && isFirst('httpGet')) httpGet(errors, `${path}.httpGet`, h.httpGet);
  if (h.tcpSocket && isFirst('tcpSocket')) portNumberOrName(errors, `${path}.tcpSocket.port`, h.tcpSocket.port);
  if (h.grpc && isFirst('grpc')) portNumberOrName(errors, `${path}.grpc.port`, h.grpc.port);
  if (h.sleep && isFirst('sleep') && graceSeconds !== undefined) {
    const seconds = h.sleep.seconds ?? 0;
    if (seconds < 0 || seconds > graceSeconds) {
      const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
      errors.invalid(`${path}.sleep`, seconds, why);
    }
  }
  if (count === 0) errors.required(path, 'must specify a handler type');
}

export type ProbeKind = 'livenessProbe' | 'readinessProbe' | 'startupProbe';

export function validateProbe(
  errors: FieldErrors,
  path: string,
  kind: ProbeKind,
  probe: core.Probe | undefined,
  graceSeconds: number | undefined,
): void {
  if (!probe) return;
  const field = `${path}.${kind}`;
  handler(errors, field, probe, graceSeconds);
  nonNegative(errors, `${field}.initialDelaySeconds`, probe.initialDelaySeconds);
  nonNegative(errors, `${field}.timeoutSeconds`, probe.timeoutSeconds);
  nonNegative(errors, `${field}.periodSeconds`, probe.periodSeconds);
  nonNegative(errors, `${field}.successThreshold`, probe.successThreshold);
  nonNegative(errors, `${field}.failureThreshold`, probe.failureThreshold);
  const grace = probe.terminationGracePeriodSeconds;
  if (grace != null && grace <= 0) {
    errors.invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must be greater than 0');
  }
  if (kind === 'readinessProbe') {
    if (grace != null) {
      errors.invalid(`${field}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes');
    }
  } else if (probe.successThreshold !== 1) {
    errors.invalid(`${field}.successThreshold`, probe.successThreshold ?? 0, 'must be 1');
  }
}

export function validateLifecycle(
  errors: FieldErrors,
  path: string,
  lifecycle: Lifecycle | undefined,
  graceSeconds: number | undefined,
  os: PodSpec['os'],
): void {
  if (!lifecycle) return;
  if (lifecycle.postStart) handler(errors, `${path}.postStart`, lifecycle.postStart, graceSeconds);
  if (lifecycle.preStop) handler(errors, `${path}.preStop`, lifecycle.preStop, graceSeconds);
  if (lifecycle.stopSignal == null) return;
  if (!os) errors.forbidden(`${path}.stopSignal`, 'may not be set for containers with empty `spec.os.name`');
  else {
    const signals = os.name === 'windows' ? WINDOWS_SIGNALS : LINUX_SIGNALS;
    if (!signals.includes(lifecycle.stopSignal)) {
      errors.notSupported(`${path}.stopSignal`, lifecycle.stopSignal, signals);
    }
  }
}
