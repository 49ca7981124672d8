// One HTTP extender of a configuration: a program elsewhere that has a say in filtering, scoring, preempting and binding.
// What goes over the wire is upstream's, with its Go field names. Upstream: pkg/scheduler/extender.go, and
// kube-scheduler/extender/v1/types.go.
import type { Container, Pod } from 'kubernetes-types/core/v1.js';
import type { Handler } from '../../wire/http.ts';
import type { NodeInfo } from './node-info.ts';
import type { PodInfo } from './pod-info.ts';
import type { Candidate } from './preemption.ts';

export interface ExtenderConfig {
  urlPrefix: string;
  filterVerb: string;
  preemptVerb: string;
  prioritizeVerb: string;
  bindVerb: string;
  weight: number;
  /** It knows the nodes itself: only their names are sent. */
  nodeCacheCapable: boolean;
  /** Scheduling goes on without it. */
  ignorable: boolean;
  /** Empty: it is asked about every pod. */
  managedResources: readonly string[];
}

export interface FilterAnswer {
  nodes: NodeInfo[];
  /** Why not, by node name. */
  failed: ReadonlyMap<string, string>;
  /** And where evicting pods would not help. */
  unresolvable: ReadonlyMap<string, string>;
}

/** An extender gives 0 to 10. */
export const MAX_EXTENDER_SCORE = 10;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

type Answer = Readonly<Record<string, unknown>>;

export class Extender {
  readonly config: ExtenderConfig;
  private readonly handler: Handler;
  private readonly managed: ReadonlySet<string>;

  /** `handler` posts to the host of urlPrefix. */
  constructor(config: ExtenderConfig, handler: Handler) {
    this.config = config;
    this.handler = handler;
    this.managed = new Set(config.managedResources);
  }

  isInterested({ pod }: PodInfo): boolean {
    if (this.managed.size === 0) return true;
    const asks = ({ resources }: Container): boolean =>
      [resources?.requests, resources?.limits].some((list) => Object.keys(list ?? {}).some((r) => this.managed.has(r)));
    return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].some(asks);
  }

  async filter(pod: PodInfo, nodes: readonly NodeInfo[], signal: AbortSignal): Promise<FilterAnswer> {
    const answer = (await this.send(this.config.filterVerb, this.arguments(pod, nodes), signal)) as Answer;
    const error = field(answer, 'Error');
    if (error) throw new Error(String(error));
    const list = field(answer, 'NodeNames') as string[] | null;
    const objects = field(field(answer, 'Nodes') as Answer | null, 'Items') as
      { metadata?: { name?: string } }[] | null;
    const names = (this.config.nodeCacheCapable && list) || (objects ?? []).map(({ metadata }) => metadata?.name ?? '');
    const byName = new Map(nodes.map((node) => [node.name, node]));
    const kept = names.map((name) => {
      const node = byName.get(name);
      if (node) return node;
      const { urlPrefix } = this.config;
      throw new Error(
        `extender "${urlPrefix}" claims a filtered node "${name}" which is not found in the input node list`,
      );
    });
    const reasons = (name: string) => new Map(Object.entries((field(answer, name) ?? {}) as Record<string, string>));
    return { nodes: kept, failed: reasons('FailedNodes'), unresolvable: reasons('FailedAndUnresolvableNodes') };
  }

  /** From 0 to 10, by node name. */
  async prioritize(
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    const answer = await this.send(this.config.prioritizeVerb, this.arguments(pod, nodes), signal);
    const list = (Array.isArray(answer) ? answer : []) as Answer[];
    return new Map(list.map((item) => [String(field(item, 'Host')), Number(field(item, 'Score') ?? 0)]));
  }

  /** Those of the candidates, perhaps with other victims, that it agrees to. */
  async preempt(pod: PodInfo, candidates: readonly Candidate[], signal: AbortSignal): Promise<Candidate[]> {
    const meta = this.config.nodeCacheCapable;
    const victims = candidates.map(({ node, victims: pods, violations }) => [
      node.name,
      { Pods: pods.map((p) => (meta ? { UID: p.uid } : p.pod)), NumPDBViolations: violations },
    ]);
    const byNode = Object.fromEntries(victims) as Record<string, unknown>;
    const sent = meta
      ? { NodeNameToVictims: null, NodeNameToMetaVictims: byNode }
      : { NodeNameToVictims: byNode, NodeNameToMetaVictims: null };
    const answer = (await this.send(this.config.preemptVerb, { Pod: pod.pod, ...sent }, signal)) as Answer;
    const chosen = (field(answer, 'NodeNameToMetaVictims') ?? {}) as Record<string, Answer | null>;
    return Object.entries(chosen).map(([name, said]) => this.candidate(name, said, candidates));
  }

  async bind({ pod }: PodInfo, nodeName: string, signal: AbortSignal): Promise<void> {
    const { name, namespace, uid } = pod.metadata ?? {};
    const binding = { PodName: name, PodNamespace: namespace, PodUID: uid, Node: nodeName };
    const error = field((await this.send(this.config.bindVerb, binding, signal)) as Answer, 'Error');
    if (error) throw new Error(String(error));
  }

  private candidate(name: string, said: Answer | null, candidates: readonly Candidate[]): Candidate {
    const node = candidates.find((candidate) => candidate.node.name === name)?.node;
    if (!node) throw new Error(`nodeinfo not found for node name "${name}"`);
    const uids = ((field(said, 'Pods') ?? []) as Answer[]).map((p) => String(field(p, 'UID')));
    const victims = uids.map((uid) => {
      const victim = node.pods.get(uid);
      if (victim) return victim;
      const about = `(UID: ${uid}) on node: ${name}, but the pod is not found on that node`;
      throw new Error(`extender: ${this.config.urlPrefix} claims to preempt pod ${about}`);
    });
    return { node, victims, violations: Number(field(said, 'NumPDBViolations') ?? 0) };
  }

  private arguments(pod: PodInfo, nodes: readonly NodeInfo[]) {
    const kind: { pod: Pod } = pod;
    return this.config.nodeCacheCapable
      ? { Pod: kind.pod, Nodes: null, NodeNames: nodes.map(({ name }) => name) }
      : { Pod: kind.pod, Nodes: { metadata: {}, items: nodes.map(({ node }) => node) }, NodeNames: null };
  }

  private async send(verb: string, args: object, signal: AbortSignal): Promise<unknown> {
    const { pathname, origin } = new URL(this.config.urlPrefix);
    const path = `${pathname.replace(/\/+$/, '')}/${verb}`;
    const body = Buffer.from(JSON.stringify(args));
    const { status, body: said } = await this.handler({
      method: 'POST',
      path,
      query: new URLSearchParams(),
      headers: { 'content-type': 'application/json' },
      body: { bytes: () => Promise.resolve(body) },
      signal,
    });
    const text = await textOf(said?.bytes() ?? Buffer.alloc(0));
    if (status !== 200) throw new Error(`failed ${verb} with extender at URL ${origin}${path}, code ${status}`);
    return JSON.parse(text) as unknown;
  }
}

/** As Go's decoder finds a field: upper and lower case are the same. */
function field(object: Answer | null | undefined, name: string): unknown {
  if (!object) return undefined;
  if (name in object) return object[name];
  const wanted = name.toLowerCase();
  return Object.entries(object).find(([key]) => key.toLowerCase() === wanted)?.[1];
}

async function textOf(bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
  if (bytes instanceof Uint8Array) return Buffer.from(bytes).toString();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
