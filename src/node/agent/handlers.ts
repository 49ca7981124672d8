// What probes and hooks have in common: a handler of a container, carried out. Where to dial stands in the handler or
// is the pod's address. Upstream: pkg/kubelet/prober/prober.go, pkg/kubelet/lifecycle/handlers.go.
import type { Container, LifecycleHandler, Pod, Probe } from 'kubernetes-types/core/v1.js';
import type { DockerClient } from '../docker/client.ts';
import { ExecTimeout, execInContainer } from '../docker/exec.ts';
import { type DialResult, dialGrpc, dialHttp, dialTcp } from './host/probe-dial.ts';
import { containerPort } from './pod-facts.ts';

export interface HandlerTarget {
  pod: Pod;
  container: Container;
  containerId: string;
  podIp: string;
}

type HttpGet = NonNullable<LifecycleHandler['httpGet']>;
type Handler = Pick<LifecycleHandler, 'exec' | 'httpGet' | 'tcpSocket'> & Pick<Probe, 'grpc'>;

const MAX_OUTPUT = 10 * 1024;

/** Failure: the handler says no. Throws when it could not be asked. */
export async function runHandler(
  docker: DockerClient,
  handler: Handler,
  target: HandlerTarget,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<DialResult> {
  if (handler.exec) {
    const command = handler.exec.command ?? [];
    try {
      const options = { timeoutMs, maxBytes: MAX_OUTPUT, ...(signal && { signal }) };
      const { exitCode, output } = await execInContainer(docker, target.containerId, command, options);
      return { result: exitCode === 0 ? 'success' : 'failure', output };
    } catch (error) {
      if (!(error instanceof ExecTimeout)) throw error;
      return {
        result: 'failure',
        output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`,
      };
    }
  }
  if (handler.httpGet) return dialHttp(httpTarget(handler.httpGet, target), timeoutMs);
  if (handler.tcpSocket) {
    const port = containerPort(target.container, handler.tcpSocket.port as number | string);
    return dialTcp(handler.tcpSocket.host ?? target.podIp, port, timeoutMs);
  }
  if (handler.grpc) return dialGrpc(target.podIp, handler.grpc.port, handler.grpc.service ?? '', timeoutMs);
  throw new Error(`missing probe handler for ${target.pod.metadata?.name ?? ''}:${target.container.name}`);
}

function httpTarget(action: HttpGet, target: HandlerTarget) {
  return {
    scheme: (action.scheme ?? 'HTTP') as 'HTTP' | 'HTTPS',
    host: action.host ?? target.podIp,
    port: containerPort(target.container, action.port as number | string),
    path: action.path ?? '/',
    headers: (action.httpHeaders ?? []).map(({ name, value }) => ({ name, value: value ?? '' })),
  };
}
