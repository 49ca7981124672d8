// Container logs off Docker's API: which container's, from where, how much. Upstream: kubelet_pods.go
// validateContainerLogStatus, apis/core/v1/validation (PodLogOptions).
import type { PodStatus } from 'kubernetes-types/core/v1.js';
import type { DockerClient } from '../docker/client.ts';
import { FrameDecoder } from '../docker/log-stream.ts';
import { CONTAINER_ID_PREFIX } from '../agent/names.ts';
import { HttpError } from './answers.ts';

export interface LogQuery {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  tailLines?: number;
  limitBytes?: number;
  /** Seconds since the epoch with a fraction, as Docker takes them. */
  since?: string;
  stdout: boolean;
  stderr: boolean;
}

/** Throws HttpError 400. */
export function parseLogQuery(query: URLSearchParams, nowMs: number): LogQuery {
  const flag = (name: string) => ['true', '1', ''].includes(query.get(name) ?? 'false');
  const count = (name: string, least: number): number | undefined => {
    const value = query.get(name);
    if (value === null || value === '') return undefined;
    const number = Number(value);
    if (!Number.isInteger(number) || number < least) {
      throw new HttpError(400, `${name}: Invalid value: ${value}: must be greater than or equal to ${least}`);
    }
    return number;
  };
  const tailLines = count('tailLines', 0) ?? count('tail', 0);
  const limitBytes = count('limitBytes', 1);
  const sinceSeconds = count('sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceTime && sinceSeconds !== undefined) {
    throw new HttpError(400, 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  }
  let since: string | undefined;
  if (sinceSeconds !== undefined) since = String(nowMs / 1000 - sinceSeconds);
  if (sinceTime) {
    if (Number.isNaN(Date.parse(sinceTime))) throw new HttpError(400, `sinceTime: Invalid value: "${sinceTime}"`);
    since = String(Date.parse(sinceTime) / 1000);
  }
  const stream = query.get('stream') ?? 'All';
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { since }),
    stdout: stream !== 'Stderr',
    stderr: stream !== 'Stdout',
  };
}

/** The Docker id of the container whose logs are meant. Throws HttpError 400 with the kubelet's sentence. */
export function logContainerId(status: PodStatus, pod: string, container: string, previous: boolean): string {
  const all = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  const found = all.find((s) => s.name === container);
  const where = `container "${container}" in pod "${pod}"`;
  if (!found) throw new HttpError(400, `${where} is not available`);
  const { waiting, running, terminated } = found.state ?? {};
  const last = found.lastState?.terminated?.containerID;
  const bare = (id: string) => id.slice(CONTAINER_ID_PREFIX.length);
  if (previous) {
    if (!last) throw new HttpError(400, `previous terminated ${where} not found`);
    return bare(last);
  }
  if (running) return bare(found.containerID ?? '');
  const id = terminated?.containerID ?? last;
  if (id) return bare(id);
  if (terminated) throw new HttpError(400, `${where} is terminated`);
  const reasons: Record<string, string> = {
    ErrImagePull: `${where} is waiting to start: image can't be pulled`,
    ImagePullBackOff: `${where} is waiting to start: trying and failing to pull image`,
  };
  const reason = waiting?.reason ?? '';
  throw new HttpError(400, reasons[reason] ?? `${where} is waiting to start: ${reason || 'no logs yet'}`);
}

/** Bytes of the log; ends with the container when it follows, at once when it does not. */
export async function* readLogs(
  docker: DockerClient,
  id: string,
  query: LogQuery,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  // A container with a terminal has one raw stream.
  const { Config } = await docker.inspectContainer(id);
  const source = await docker.logs(
    id,
    {
      follow: query.follow,
      timestamps: query.timestamps,
      stdout: query.stdout,
      stderr: query.stderr,
      ...(query.tailLines !== undefined && { tail: query.tailLines }),
      ...(query.since !== undefined && { sinceSeconds: query.since }),
    },
    signal,
  );
  const decoder = new FrameDecoder();
  let left = query.limitBytes ?? Infinity;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      const parts = Config.Tty ? [chunk] : decoder.push(chunk).map((frame) => frame.data);
      for (const part of parts) {
        if (part.length === 0) continue;
        yield part.length > left ? part.subarray(0, left) : part;
        left -= part.length;
        if (left <= 0) return;
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    source.destroy();
  }
}
