// Keeps the last two looks at every node that somebody asked about: usage is what happened between them. Nodes are
// looked at when somebody asks, not all the time. Upstream: metrics-server pkg/storage (node.go, pod.go).
//
//   asked            look, wait a second, look           usage of that second
//   asked 5 s later  nothing                             the same
//   asked 40 s later look                                usage of the 40 s
//   asked an hour later                                  as the first time
import { setTimeout as delay } from 'node:timers/promises';
import { Nodes } from '../../../api/resources.ts';
import type { Lister } from '../../admission/types.ts';
import { kubeletOf } from '../connect/kubelet.ts';
import type { NodeConnector } from '../types.ts';
import { type NodeSample, type Point, readSample, textOf } from './scrape.ts';

const FRESH_MS = 15_000;
const WINDOW_MS = 120_000;
const FIRST_WINDOW_MS = 1_000;
const SCRAPE_TIMEOUT_MS = 3_000;
/** A node that did not answer is left alone for so long. */
const RETRY_MS = 15_000;
const PARALLEL = 32;
const MAX_BYTES = 16 << 20;

interface Looks {
  latest: NodeSample;
  previous: NodeSample | undefined;
}

/** Of one node, between two looks. */
export interface NodeUsage {
  /** The end of the window, milliseconds since the epoch. */
  at: number;
  windowMs: number;
  /** Cores and bytes. */
  node: Rate | undefined;
  pods: Map<string, Map<string, Rate>>;
}
export interface Rate {
  cpu: number;
  memory: number;
}

export class Sampler {
  readonly #looks = new Map<string, Looks>();
  readonly #failedAt = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  private readonly connector: NodeConnector;
  private readonly lister: Lister;
  private readonly now: () => number;

  constructor(connector: NodeConnector, lister: Lister, now: () => number) {
    this.connector = connector;
    this.lister = lister;
    this.now = now;
  }

  /** By node name; nodes that cannot be asked are left out. */
  async usage(names: readonly string[]): Promise<Map<string, NodeUsage>> {
    const waiting = [...names];
    const work = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) await this.#refresh(name);
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, names.length) }, work));
    for (const name of this.#looks.keys()) if (!this.lister.get(Nodes, undefined, name)) this.#looks.delete(name);
    const found = new Map<string, NodeUsage>();
    for (const name of names) {
      const looks = this.#looks.get(name);
      if (looks?.previous) found.set(name, between(looks.previous, looks.latest));
    }
    return found;
  }

  /** Askers at one time share one look. */
  #refresh(name: string): Promise<void> {
    let running = this.#running.get(name);
    if (!running) {
      running = this.#look(name).finally(() => this.#running.delete(name));
      this.#running.set(name, running);
    }
    return running;
  }

  async #look(name: string): Promise<void> {
    const now = this.now();
    const known = this.#looks.get(name);
    if (known?.previous && now - known.latest.at < FRESH_MS) return;
    const failedAt = this.#failedAt.get(name);
    if (failedAt !== undefined && now - failedAt < RETRY_MS) return;
    try {
      let previous = known && now - known.latest.at < WINDOW_MS ? known.latest : undefined;
      if (!previous) {
        previous = await this.#scrape(name);
        await delay(FIRST_WINDOW_MS);
      }
      this.#looks.set(name, { latest: await this.#scrape(name), previous });
      this.#failedAt.delete(name);
    } catch {
      // What cannot be measured is not shown: that the node is ill, its conditions say.
      this.#looks.delete(name);
      this.#failedAt.set(name, this.now());
    }
  }

  async #scrape(name: string): Promise<NodeSample> {
    const response = await this.connector.forward(kubeletOf({ lister: this.lister }, name), '/metrics/resource', {
      method: 'GET',
      path: '/metrics/resource',
      query: new URLSearchParams(),
      headers: { accept: 'text/plain;version=0.0.4' },
      signal: AbortSignal.timeout(SCRAPE_TIMEOUT_MS),
    });
    const text = await textOf(response, MAX_BYTES);
    if (response.status !== 200) throw new Error(`the node answered ${response.status}`);
    return readSample(text, this.now());
  }
}

function between(previous: NodeSample, latest: NodeSample): NodeUsage {
  const windowMs = Math.max(latest.at - previous.at, 1);
  const rate = (now: Point, before: Point | undefined): Rate | undefined => {
    // A container that started in between has used what it used since then.
    const restarted = before === undefined || now.cpu < before.cpu;
    if (restarted && now.startedAt === undefined) return undefined;
    const used = restarted ? now.cpu : now.cpu - before.cpu;
    const timeMs = restarted ? latest.at - now.startedAt! : windowMs;
    return { cpu: timeMs > 0 ? Math.max(0, used / (timeMs / 1000)) : 0, memory: now.memory };
  };
  const pods: NodeUsage['pods'] = new Map();
  for (const [key, containers] of latest.pods) {
    const rates = new Map<string, Rate>();
    for (const [name, point] of containers) {
      const found = rate(point, previous.pods.get(key)?.get(name));
      if (found) rates.set(name, found);
    }
    pods.set(key, rates);
  }
  return { at: latest.at, windowMs, node: latest.node && rate(latest.node, previous.node), pods };
}
