// A random life of a cluster, step by step: nodes and pods come, change and go, and waiting pods are placed. After every
// decision the oracle is asked. One seed gives one life.
import type { Node, Pod, PodSpec, Taint } from 'kubernetes-types/core/v1.js';
import { PodInfo } from '../../../src/server/scheduler/pod-info.ts';
import { type Bench, bench, makeNode, makePod } from './objects.ts';
import { type World, allows } from './oracle.ts';

/** Mulberry32: small, and good enough to reach the corners. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const COLORS = ['red', 'green', 'blue'];
const KEYS = ['kubernetes.io/hostname', 'zone', 'rack'];

export class Simulation {
  private readonly random: () => number;
  private readonly world: World = { nodes: [], placed: [] };
  private readonly on: Bench;
  private waiting: Pod[] = [];
  private serial = 0;
  placedCount = 0;
  refusedCount = 0;
  preemptions = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.on = bench([]);
    for (let i = 0; i < 6; i++) this.addNode();
  }

  /** Throws when the scheduler and the oracle differ. */
  step(): void {
    const dice = this.random();
    if (dice < 0.5) this.waiting.push(this.randomPod());
    else if (dice < 0.6) this.removePod();
    else if (dice < 0.65) this.terminatePod();
    else if (dice < 0.7) this.addNode();
    else if (dice < 0.74) this.removeNode();
    else if (dice < 0.8) this.changeNode();
    this.placeSome();
  }

  /** Nobody waits who could be placed. */
  settle(): void {
    for (let placed = true; placed;) {
      placed = false;
      for (const pod of [...this.waiting]) if (this.tryPlace(pod)) placed = true;
    }
    for (const pod of this.waiting) {
      const node = this.world.nodes.find((n) => allows(this.world, pod, n));
      if (node) throw new Error(`${pod.metadata!.name} waits, but ${node.metadata!.name} would do`);
    }
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  private maybe<T>(chance: number, make: () => T): T | undefined {
    return this.random() < chance ? make() : undefined;
  }

  private randomNode(name: string): Node {
    const zone = this.maybe(0.8, () => this.pick(['1', '2', '3']));
    const rack = this.maybe(0.6, () => this.pick(['a', 'b']));
    const taints = this.maybe<Taint[]>(0.2, () => [
      {
        key: 'dedicated',
        value: this.pick(['a', 'b']),
        effect: this.pick(['NoSchedule', 'NoExecute', 'PreferNoSchedule']),
      },
    ]);
    const unschedulable = this.maybe(0.1, () => true);
    return makeNode(name, {
      labels: { ...(zone ? { zone } : {}), ...(rack ? { rack } : {}) },
      spec: { ...(taints ? { taints } : {}), ...(unschedulable ? { unschedulable } : {}) },
      allocatable: {
        cpu: this.pick(['2', '4']),
        memory: '8Gi',
        pods: this.pick(['4', '20']),
        'example.org/gpu': this.pick(['0', '2']),
      },
    });
  }

  private randomPod(): Pod {
    const name = `p${this.serial++}`;
    const term = () => ({
      topologyKey: this.pick(KEYS),
      labelSelector: { matchLabels: { color: this.pick(COLORS) } },
      ...(this.maybe(0.2, () => true) ? { namespaces: ['default', 'other'] } : {}),
    });
    const terms = (chance: number) =>
      this.maybe(chance, () => ({
        requiredDuringSchedulingIgnoredDuringExecution: this.maybe(0.3, () => [term(), term()]) ?? [term()],
      }));
    const nodeAffinity = this.maybe(0.15, () => ({
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [
          {
            matchExpressions: [
              { key: 'zone', operator: this.pick(['In', 'NotIn']), values: [this.pick(['1', '2', '3'])] },
            ],
          },
        ],
      },
    }));
    const [podAffinity, podAntiAffinity] = [terms(0.15), terms(0.2)];
    const spread = this.maybe(0.3, () => [
      {
        maxSkew: this.pick([1, 2]),
        topologyKey: this.pick(KEYS),
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { color: this.pick(COLORS) } },
        ...(this.maybe(0.3, () => true) ? { minDomains: 2 } : {}),
      },
    ]);
    const hostPort = this.maybe(0.1, () => this.pick([80, 81]));
    const gpu = this.maybe(0.1, () => '1');
    const requests = {
      cpu: this.pick(['100m', '500m', '1']),
      memory: this.pick(['100Mi', '1Gi']),
      ...(gpu ? { 'example.org/gpu': gpu } : {}),
    };
    const spec: Partial<PodSpec> = {
      containers: [
        {
          name: 'c',
          image: 'a',
          resources: { requests },
          ...(hostPort ? { ports: [{ containerPort: 1, hostPort }] } : {}),
        },
      ],
      ...(this.maybe(0.1, () => true) ? { nodeSelector: { zone: '1' } } : {}),
      ...(this.maybe(0.2, () => true) ? { tolerations: [{ key: 'dedicated', operator: 'Exists' }] } : {}),
      affinity: {
        ...(nodeAffinity ? { nodeAffinity } : {}),
        ...(podAffinity ? { podAffinity } : {}),
        ...(podAntiAffinity ? { podAntiAffinity } : {}),
      },
      ...(spread ? { topologySpreadConstraints: spread } : {}),
      priority: this.pick([0, 0, 10, 20]),
    };
    const pod = makePod(name, { labels: { color: this.pick(COLORS) }, spec });
    pod.metadata!.namespace = this.pick(['default', 'default', 'other']);
    return pod;
  }

  private addNode(): void {
    const node = this.randomNode(`n${this.serial++}`);
    this.world.nodes.push(node);
    this.on.cache.setNode(node);
  }

  private changeNode(): void {
    const old = this.pick(this.world.nodes);
    const node = this.randomNode(old.metadata!.name!);
    this.world.nodes[this.world.nodes.indexOf(old)] = node;
    this.on.cache.setNode(node);
  }

  private removeNode(): void {
    if (this.world.nodes.length < 3) return;
    const node = this.pick(this.world.nodes);
    this.world.nodes = this.world.nodes.filter((n) => n !== node);
    this.on.cache.removeNode(node.metadata!.name!);
  }

  private removePod(): void {
    if (this.world.placed.length === 0) return;
    const pod = this.pick(this.world.placed);
    this.world.placed = this.world.placed.filter((p) => p !== pod);
    this.on.cache.removePod(pod.metadata!.uid!);
  }

  /** It still takes its room, but no longer counts for spreading. */
  private terminatePod(): void {
    if (this.world.placed.length === 0) return;
    const pod = this.pick(this.world.placed);
    const next = { ...pod, metadata: { ...pod.metadata!, deletionTimestamp: '2020-01-01T00:00:00Z' } };
    this.world.placed[this.world.placed.indexOf(pod)] = next;
    this.on.cache.setPod(new PodInfo(next), pod.spec!.nodeName!);
  }

  private placeSome(): void {
    for (let i = 0; i < 2 && this.waiting.length > 0; i++) this.tryPlace(this.pick(this.waiting));
  }

  /** Nobody is evicted here: it is only looked at what would be. What follows shows that nothing was left lifted. */
  private checkPreemption(pod: Pod, info: PodInfo): void {
    const { nominatedNode, victims = [] } = this.on.postFilter(info);
    if (!nominatedNode) return;
    this.preemptions++;
    if (victims.some((v) => v.priority >= info.priority)) throw new Error(`${describe(pod)} evicts its equals`);
    const gone = new Set(victims.map(({ uid }) => uid));
    const node = this.world.nodes.find((n) => n.metadata!.name === nominatedNode)!;
    const without = (kept: string | undefined): World => ({
      nodes: this.world.nodes,
      placed: this.world.placed.filter((p) => p.metadata!.uid === kept || !gone.has(p.metadata!.uid!)),
    });
    if (!allows(without(undefined), pod, node)) throw new Error(`${describe(pod)} evicts in vain on ${nominatedNode}`);
    for (const { uid, key } of victims) {
      if (allows(without(uid), pod, node)) throw new Error(`${describe(pod)} evicts ${key} needlessly`);
    }
  }

  private tryPlace(pod: Pod): boolean {
    const info = new PodInfo(pod);
    const result = this.on.schedule(info);
    const allowed = this.world.nodes.filter((n) => allows(this.world, pod, n)).map((n) => n.metadata!.name!);
    if (typeof result !== 'string') {
      this.refusedCount++;
      if (allowed.length > 0)
        throw new Error(`${describe(pod)} was refused everywhere, but ${allowed.join()} would do`);
      this.checkPreemption(pod, info);
      return false;
    }
    if (!allowed.includes(result)) throw new Error(`${describe(pod)} was put on ${result}; allowed: ${allowed.join()}`);
    this.placedCount++;
    this.waiting = this.waiting.filter((p) => p !== pod);
    this.world.placed.push({ ...pod, spec: { ...pod.spec!, nodeName: result } });
    this.on.cache.assume(info, result);
    return true;
  }
}

const describe = ({ metadata, spec }: Pod): string =>
  `${metadata!.name} ${JSON.stringify({ labels: metadata!.labels, ...spec })}`;
