// The node's HTTP API, with the kubelet's paths: what the API server and metrics collectors ask of a node. One handler,
// given its callers' gatekeeper and what it answers from. Upstream: pkg/kubelet/server/server.go.
import type { Pod, PodStatus } from 'kubernetes-types/core/v1.js';
import { isReason } from '../../api/status.ts';
import type { Handler, Request, Response } from '../../wire/http.ts';
import type { RemoteCommandSession, RemoteStatus, ServePortForward, ServeRemoteCommand } from '../../wire/streams.ts';
import type { PodRuntime } from '../agent/runtime-state.ts';
import { liveSandbox } from '../agent/runtime-state.ts';
import type { DockerClient } from '../docker/client.ts';
import { execInContainer } from '../docker/exec.ts';
import { HttpError, json, stream, text } from './answers.ts';
import { doFileTask, fileTaskOf } from './container-files.ts';
import { execUser } from './exec-user.ts';
import type { NamespaceDialer } from './namespace-dialer.ts';
import { logContainerId, parseLogQuery, readLogs } from './logs.ts';
import {
  type ContainerUsage,
  type NodeUsage,
  cadvisorMetrics,
  daemonMetrics,
  resourceMetrics,
  summary,
} from './stats.ts';
import { attachSession, execSession } from './streams.ts';

/** A pod of this node as it is now. */
export interface ServedPod {
  pod: Pod;
  runtime(): Promise<PodRuntime>;
  status(): Promise<PodStatus>;
}

export interface NodeServerOptions {
  nodeName: string;
  docker: DockerClient;
  /** Throws HttpError 401 or 403. */
  access(request: Request): Promise<unknown>;
  findPod(namespace: string, name: string, uid: string | undefined): ServedPod | undefined;
  pods(): Pod[];
  usage(): Promise<{ node: NodeUsage; containers: ContainerUsage[] }>;
  /** What /configz shows. */
  configuration(): object;
  /** Rejects: the node is not healthy. */
  healthy(): Promise<void>;
  dialer: NamespaceDialer;
  serveRemoteCommand: ServeRemoteCommand;
  servePortForward: ServePortForward;
  clock: { now(): number };
}

type Route = (segments: string[], request: Request) => Promise<Response>;

export function nodeHandler(options: NodeServerOptions): Handler {
  const routes = routesOf(new NodeApi(options));
  return async (request) => {
    try {
      const segments = request.path
        .split('/')
        .filter((part) => part !== '')
        .map(decodeURIComponent);
      await options.access(request);
      const route = routes.get(segments.slice(0, 2).join('/')) ?? routes.get(segments[0] ?? '');
      if (!route) throw new HttpError(404, '404 page not found\n');
      return await route(segments.slice(1), request);
    } catch (error) {
      if (error instanceof HttpError) return text(error.status, error.message);
      if (error instanceof URIError) return text(400, 'malformed path');
      if (isReason(error, 'Unauthorized', 'Forbidden', 'ServiceUnavailable')) return text(error.code, error.message);
      return text(500, (error as Error).message);
    }
  };
}

function routesOf(api: NodeApi): Map<string, Route> {
  return new Map<string, Route>([
    ['healthz', () => api.healthz()],
    ['healthz/ping', async () => text(200, 'ok')],
    ['pods', async () => json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: api.options.pods() })],
    ['runningpods', () => api.runningPods()],
    ['configz', async () => json(api.options.configuration())],
    ['metrics', () => api.metrics('daemon')],
    ['metrics/resource', () => api.metrics('resource')],
    ['metrics/cadvisor', () => api.metrics('cadvisor')],
    ['stats/summary', () => api.summary()],
    ['containerLogs', (segments, request) => api.logs(segments, request)],
    ['exec', (segments, request) => api.exec(segments, request)],
    ['attach', (segments, request) => api.attach(segments, request)],
    ['run', (segments, request) => api.run(segments, request)],
    ['portForward', (segments, request) => api.portForward(segments, request)],
  ]);
}

const RUN_TIMEOUT_MS = 600_000;
const RUN_MAX_BYTES = 16 * 1024 * 1024;
const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

class NodeApi {
  constructor(readonly options: NodeServerOptions) {}

  async healthz(): Promise<Response> {
    try {
      await this.options.healthy();
      return text(200, 'ok');
    } catch (error) {
      return text(500, (error as Error).message);
    }
  }

  async runningPods(): Promise<Response> {
    const items: Pod[] = [];
    for (const pod of this.options.pods()) {
      const served = this.options.findPod(pod.metadata?.namespace ?? '', pod.metadata?.name ?? '', undefined);
      const running = (await served?.runtime())?.containers.filter((record) => record.state === 'running') ?? [];
      if (running.length === 0) continue;
      const { name, namespace, uid } = pod.metadata ?? {};
      items.push({
        metadata: { ...(name && { name }), ...(namespace && { namespace }), ...(uid && { uid }) },
        spec: { containers: running.map((record) => ({ name: record.name, image: record.image })) },
      });
    }
    return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
  }

  async metrics(which: 'daemon' | 'resource' | 'cadvisor'): Promise<Response> {
    const { node, containers } = await this.options.usage();
    if (which === 'resource') return text(200, resourceMetrics(node, containers), PROMETHEUS);
    if (which === 'cadvisor') return text(200, cadvisorMetrics(containers), PROMETHEUS);
    const { user, system } = process.cpuUsage();
    const cpu = (user + system) / 1e6;
    return text(200, daemonMetrics(this.options.nodeName, containers, cpu, process.memoryUsage.rss()), PROMETHEUS);
  }

  async summary(): Promise<Response> {
    const { node, containers } = await this.options.usage();
    return json(summary(node, containers, this.options.pods()));
  }

  async logs([namespace = '', name = '', container = '']: string[], request: Request): Promise<Response> {
    const { docker, clock } = this.options;
    const query = parseLogQuery(request.query, clock.now());
    const served = this.options.findPod(namespace, name, undefined);
    if (!served) throw new HttpError(404, `pod "${name}" not found`);
    const { spec } = served.pod;
    const known = [...(spec?.containers ?? []), ...(spec?.initContainers ?? []), ...(spec?.ephemeralContainers ?? [])];
    if (!known.some((c) => c.name === container)) {
      throw new HttpError(404, `container "${container}" not found in pod "${name}"`);
    }
    const id = logContainerId(await served.status(), name, container, query.previous);
    return stream(readLogs(docker, id, query, request.signal));
  }

  async exec(segments: string[], request: Request): Promise<Response> {
    const { record, pod } = await this.running(segments);
    const { query } = request;
    const command = query.getAll('command');
    if (command.length === 0) throw new HttpError(400, 'a command is required: give `command` at least once');
    const { docker, serveRemoteCommand } = this.options;
    const user = query.has('user') ? { user: execUser(query.get('user')!, pod, record.name) } : {};
    const task = query.has('nodeFiles') ? fileTaskOf(command) : undefined;
    const files = { docker, containerId: record.id, anyUser: query.get('nodeFiles') === 'any' };
    return serveRemoteCommand(
      request,
      guarded((session) => {
        const instead = task ? { instead: () => doFileTask(files, task, session) } : {};
        return execSession(docker, record.id, command, session, { ...user, ...instead });
      }),
    );
  }

  async attach(segments: string[], request: Request): Promise<Response> {
    const { record } = await this.running(segments);
    const { docker, serveRemoteCommand } = this.options;
    return serveRemoteCommand(
      request,
      guarded((session) => attachSession(docker, record, session)),
    );
  }

  /** POST /run/…?cmd=…: the output of one command, without streams. */
  async run(segments: string[], request: Request): Promise<Response> {
    if (request.method !== 'POST') throw new HttpError(405, '405: Method Not Allowed');
    const { record } = await this.running(segments);
    const command = (request.query.get('cmd') ?? '').split(' ').filter((word) => word !== '');
    if (command.length === 0) throw new HttpError(400, 'a command is required: give `cmd`');
    const limits = { timeoutMs: RUN_TIMEOUT_MS, maxBytes: RUN_MAX_BYTES, signal: request.signal };
    const { exitCode, output } = await execInContainer(this.options.docker, record.id, command, limits);
    return exitCode === 0 ? text(200, output) : text(500, `${output}command terminated with exit code ${exitCode}`);
  }

  async portForward([namespace = '', name = '', uid]: string[], request: Request): Promise<Response> {
    const served = this.options.findPod(namespace, name, uid);
    if (!served) throw new HttpError(404, `pod not found ("${name}_${namespace}")`);
    const { dialer, servePortForward } = this.options;
    return servePortForward(request, async (port) => {
      const sandbox = liveSandbox(await served.runtime());
      if (!sandbox) throw new Error(`pod ${name} has no running sandbox`);
      return dialer.dial(sandbox, port);
    });
  }

  /** `[namespace, pod, container]` or `[namespace, pod, uid, container]`. */
  private async running(segments: string[]) {
    const [namespace = '', name = ''] = segments;
    const container = segments[segments.length - 1] ?? '';
    const uid = segments.length > 3 ? segments[2] : undefined;
    const served = segments.length < 3 ? undefined : this.options.findPod(namespace, name, uid);
    if (!served) throw new HttpError(404, `pod does not exist: "${name}_${namespace}"`);
    const record = (await served.runtime()).containers.find((r) => r.name === container && r.state === 'running');
    if (!record) throw new HttpError(404, `container not found ("${container}")`);
    return { record, pod: served.pod };
  }
}

/** What goes wrong after the upgrade is told on the error stream: there is no other way left. */
function guarded(run: (session: RemoteCommandSession) => Promise<RemoteStatus>) {
  return async (session: RemoteCommandSession): Promise<RemoteStatus> => {
    try {
      return await run(session);
    } catch (error) {
      const message = `error executing command in container: ${(error as Error).message}`;
      return {
        status: 'Failure',
        reason: 'InternalError',
        message: `Internal error occurred: ${message}`,
        details: { causes: [{ message }] },
      };
    }
  };
}
