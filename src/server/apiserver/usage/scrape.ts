// One look at a node's usage: its /metrics/resource, read into numbers. Upstream: metrics-server
// pkg/scraper/client/resource/decode.go.
import { parseExposition } from '../../../api/exposition.ts';
import type { Response } from '../../../wire/http.ts';

/** CPU is what was used since the start, in seconds; memory the working set in bytes. */
export interface Point {
  cpu: number;
  memory: number;
  /** Milliseconds since the epoch. */
  startedAt: number | undefined;
}

export interface NodeSample {
  /** Milliseconds since the epoch. */
  at: number;
  node: Point | undefined;
  /** `namespace/pod` → container → usage. */
  pods: Map<string, Map<string, Point>>;
}

export function readSample(text: string, nowMs: number): NodeSample {
  const sample: NodeSample = { at: nowMs, node: undefined, pods: new Map() };
  const node: Partial<Point> = {};
  for (const { name, labels, value, timestampMs } of parseExposition(text)) {
    if (timestampMs !== undefined) sample.at = Math.min(sample.at, timestampMs);
    if (name === 'node_cpu_usage_seconds_total') node.cpu = value;
    else if (name === 'node_memory_working_set_bytes') node.memory = value;
    else if (name === 'container_cpu_usage_seconds_total') pointOf(sample, labels).cpu = value;
    else if (name === 'container_memory_working_set_bytes') pointOf(sample, labels).memory = value;
    else if (name === 'container_start_time_seconds') pointOf(sample, labels).startedAt = value * 1000;
  }
  if (node.cpu !== undefined && node.memory !== undefined) {
    sample.node = { cpu: node.cpu, memory: node.memory, startedAt: undefined };
  }
  for (const containers of sample.pods.values()) {
    for (const [name, { cpu, memory }] of containers) if (cpu < 0 || memory < 0) containers.delete(name);
  }
  return sample;
}

function pointOf({ pods }: NodeSample, { namespace = '', pod = '', container = '' }: Record<string, string>): Point {
  const key = `${namespace}/${pod}`;
  let containers = pods.get(key);
  if (!containers) pods.set(key, (containers = new Map()));
  let point = containers.get(container);
  if (!point) containers.set(container, (point = { cpu: -1, memory: -1, startedAt: undefined }));
  return point;
}

/** The whole text of an answer, which a node cannot make endless. */
export async function textOf(response: Response, limitBytes: number): Promise<string> {
  const body = response.body?.bytes();
  if (body === undefined) return '';
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8');
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes) throw new Error('the answer of the node is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
