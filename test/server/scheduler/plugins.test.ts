// What each plugin says of nodes: tables of pods, nodes and verdicts with upstream's words.
import { describe, expect, it } from 'vitest';
import type { Node } from 'kubernetes-types/core/v1.js';
import { PodInfo } from '../../../src/server/scheduler/pod-info.ts';
import { bench, infoOf, makeNode, makePod } from './objects.ts';

/** Verdict on one node: undefined when it fits. */
function verdict(pod: PodInfo, node: Node, placed: PodInfo[] = []): string | undefined {
  const { cache, schedule } = bench([node]);
  for (const p of placed) cache.setPod(p, node.metadata?.name ?? '');
  const result = schedule(pod);
  if (typeof result === 'string') return undefined;
  return result.preFilter ?? result.untried ?? Object.values(result.rejections)[0];
}

const port = (hostPort: number, hostIP?: string, protocol?: string) =>
  infoOf('p', {
    spec: { containers: [{ name: 'c', image: 'a', ports: [{ containerPort: 1, hostPort, hostIP, protocol }] }] },
  });
const required = (...nodeSelectorTerms: object[]) => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeSelectorTerms as never } },
  },
});
const expression = (key: string, operator: string, ...values: string[]) => ({
  matchExpressions: [{ key, operator, values }],
});
const taint = (effect: string, value = 'b') => ({ key: 'a', value, effect });
const AFFINITY = "unresolvable: node(s) didn't match Pod's node affinity/selector";

describe('filters', () => {
  it.each<[string, PodInfo, Node, string | undefined]>([
    ['plain', infoOf('p'), makeNode('n'), undefined],
    ['its own name', infoOf('p', { spec: { nodeName: 'n' } }), makeNode('n'), undefined],
    [
      'another name',
      infoOf('p', { spec: { nodeName: 'm' } }),
      makeNode('n'),
      "unresolvable: node(s) didn't match the requested node name",
    ],
    [
      'cordoned',
      infoOf('p'),
      makeNode('n', { spec: { unschedulable: true } }),
      'unresolvable: node(s) were unschedulable',
    ],
    [
      'cordoned, tolerated',
      infoOf('p', { spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } }),
      makeNode('n', { spec: { unschedulable: true } }),
      undefined,
    ],
    ['no terms of affinity', infoOf('p', { spec: required() }), makeNode('n'), AFFINITY],
    [
      'tainted',
      infoOf('p'),
      makeNode('n', { spec: { taints: [taint('NoSchedule')] } }),
      'unresolvable: node(s) had untolerated taint {a: b}',
    ],
    [
      'tainted without value',
      infoOf('p'),
      makeNode('n', { spec: { taints: [{ key: 'a', effect: 'NoExecute' }] } }),
      'unresolvable: node(s) had untolerated taint {a: }',
    ],
    [
      'tainted, tolerated',
      infoOf('p', { spec: { tolerations: [{ key: 'a', value: 'b' }] } }),
      makeNode('n', { spec: { taints: [taint('NoSchedule')] } }),
      undefined,
    ],
    [
      'tainted, another value tolerated',
      infoOf('p', { spec: { tolerations: [{ key: 'a', value: 'c' }] } }),
      makeNode('n', { spec: { taints: [taint('NoSchedule')] } }),
      'unresolvable: node(s) had untolerated taint {a: b}',
    ],
    ['softly tainted', infoOf('p'), makeNode('n', { spec: { taints: [taint('PreferNoSchedule')] } }), undefined],
    [
      'nodeSelector',
      infoOf('p', { spec: { nodeSelector: { disk: 'ssd' } } }),
      makeNode('n', { labels: { disk: 'ssd' } }),
      undefined,
    ],
    ['nodeSelector, no label', infoOf('p', { spec: { nodeSelector: { disk: 'ssd' } } }), makeNode('n'), AFFINITY],
    [
      'In',
      infoOf('p', { spec: required(expression('disk', 'In', 'a', 'ssd')) }),
      makeNode('n', { labels: { disk: 'ssd' } }),
      undefined,
    ],
    [
      'NotIn',
      infoOf('p', { spec: required(expression('disk', 'NotIn', 'ssd')) }),
      makeNode('n', { labels: { disk: 'ssd' } }),
      AFFINITY,
    ],
    ['NotIn, absent', infoOf('p', { spec: required(expression('disk', 'NotIn', 'ssd')) }), makeNode('n'), undefined],
    ['Exists', infoOf('p', { spec: required(expression('disk', 'Exists')) }), makeNode('n'), AFFINITY],
    ['DoesNotExist', infoOf('p', { spec: required(expression('disk', 'DoesNotExist')) }), makeNode('n'), undefined],
    [
      'Gt',
      infoOf('p', { spec: required(expression('cores', 'Gt', '3')) }),
      makeNode('n', { labels: { cores: '4' } }),
      undefined,
    ],
    [
      'Gt, equal',
      infoOf('p', { spec: required(expression('cores', 'Gt', '4')) }),
      makeNode('n', { labels: { cores: '4' } }),
      AFFINITY,
    ],
    [
      'Lt, no number',
      infoOf('p', { spec: required(expression('cores', 'Lt', '4')) }),
      makeNode('n', { labels: { cores: 'few' } }),
      AFFINITY,
    ],
    [
      'terms are alternatives',
      infoOf('p', { spec: required(expression('x', 'Exists'), expression('y', 'DoesNotExist')) }),
      makeNode('n'),
      undefined,
    ],
    ['an empty term matches nothing', infoOf('p', { spec: required({}) }), makeNode('n'), AFFINITY],
    [
      'selector and affinity both',
      infoOf('p', { spec: { nodeSelector: { a: 'b' }, ...required(expression('x', 'Exists')) } }),
      makeNode('n', { labels: { x: '' } }),
      AFFINITY,
    ],
    [
      'a node by field',
      infoOf('p', { spec: required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] }) }),
      makeNode('n'),
      undefined,
    ],
    [
      'another node by field',
      infoOf('p', { spec: required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['m'] }] }) }),
      makeNode('n'),
      "node(s) didn't satisfy plugin(s) [NodeAffinity]",
    ],
    [
      'two names at once',
      infoOf('p', {
        spec: required({
          matchFields: [
            { key: 'metadata.name', operator: 'In', values: ['m'] },
            { key: 'metadata.name', operator: 'In', values: ['n'] },
          ],
        }),
      }),
      makeNode('n'),
      'pod affinity terms conflict',
    ],
  ])('%s', (_what, pod, node, wanted) => expect(verdict(pod, node)).toBe(wanted));

  const PORTS = "unschedulable: node(s) didn't have free ports for the requested pod ports";
  it.each<[string, PodInfo, PodInfo, string | undefined]>([
    ['the same port', port(80), port(80), PORTS],
    ['another port', port(80), port(81), undefined],
    ['another protocol', port(80), port(80, undefined, 'UDP'), undefined],
    ['two addresses', port(80, '10.0.0.1'), port(80, '10.0.0.2'), undefined],
    ['one address', port(80, '10.0.0.1'), port(80, '10.0.0.1'), PORTS],
    ['one for all addresses', port(80, '10.0.0.1'), port(80), PORTS],
    ['all addresses for one', port(80), port(80, '10.0.0.1'), PORTS],
  ])('ports: %s', (_what, placed, pod, wanted) => expect(verdict(pod, makeNode('n'), [placed])).toBe(wanted));

  const asking = (cpu: string, memory = '0', more: Record<string, string> = {}) =>
    infoOf('p', { requests: { cpu, memory, ...more } });
  it.each<[string, PodInfo, PodInfo[], string | undefined]>([
    ['fits exactly', asking('1'), [asking('3')], undefined],
    ['one milli too much', asking('1001m'), [asking('3')], 'unschedulable: Insufficient cpu'],
    ['more than the node has', asking('5'), [], 'unresolvable: Insufficient cpu'],
    ['two shortages', asking('2', '4Gi'), [asking('3', '5Gi')], 'unschedulable: Insufficient cpu, Insufficient memory'],
    ['asks for nothing', infoOf('p'), [asking('4', '8Gi')], undefined],
    [
      'an unknown resource',
      asking('1', '0', { 'example.org/gpu': '1' }),
      [],
      'unresolvable: Insufficient example.org/gpu',
    ],
    [
      'overhead counts',
      infoOf('p', { requests: { cpu: '3900m' }, spec: { overhead: { cpu: '200m' } } }),
      [],
      'unresolvable: Insufficient cpu',
    ],
  ])('resources: %s', (_what, pod, placed, wanted) => expect(verdict(pod, makeNode('n'), placed)).toBe(wanted));

  it('counts overhead, sidecars and the largest init container', () => {
    const c = (name: string, cpu: string, more = {}) => ({
      name,
      image: 'a',
      resources: { requests: { cpu } },
      ...more,
    });
    const pod = infoOf('p', {
      spec: {
        containers: [c('a', '100m'), c('b', '200m')],
        initContainers: [c('first', '2'), c('side', '50m', { restartPolicy: 'Always' }), c('second', '1900m')],
        overhead: { cpu: '5m' },
      },
    });
    // first: 2000; second beside the sidecar: 1950; running: 350. The peak and the overhead.
    expect(pod.requests.milliCpu).toBe(2005);
    expect(pod.nonZero.memory).toBe(200 * 1024 * 1024 * 2 + 200 * 1024 * 1024);
  });

  it('stops at the number of pods', () => {
    const node = makeNode('n', { allocatable: { pods: '1' } });
    expect(verdict(infoOf('p'), node, [infoOf('q')])).toBe('unschedulable: Too many pods');
  });
});

const web = { labels: { app: 'web' } };
const matching = { labelSelector: { matchLabels: { app: 'web' } } };
const near = (kind: 'podAffinity' | 'podAntiAffinity', topologyKey = 'kubernetes.io/hostname') => ({
  affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ ...matching, topologyKey }] } },
});

describe('pods near pods', () => {
  const nodes = [
    makeNode('a', { labels: { zone: '1' } }),
    makeNode('b', { labels: { zone: '1' } }),
    makeNode('c', { labels: { zone: '2' } }),
  ];

  it('go where the others are', () => {
    const { cache, schedule } = bench(nodes);
    expect(schedule(infoOf('p', { spec: near('podAffinity') }))).toMatchObject({
      rejections: { a: "unresolvable: node(s) didn't match pod affinity rules" },
      rejectedBy: ['InterPodAffinity'],
    });
    cache.setPod(infoOf('web', web), 'b');
    expect(schedule(infoOf('p', { spec: near('podAffinity') }))).toBe('b');
    // The first of a group that wants to be together.
    expect(typeof bench(nodes).schedule(infoOf('p', { ...web, spec: near('podAffinity') }))).toBe('string');
  });

  it('mean pods of the namespaces that a selector finds, too', () => {
    const namespace = { metadata: { name: 'other', labels: { team: 'x' } } };
    const terms = (namespaceSelector?: object) => ({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { ...matching, topologyKey: 'kubernetes.io/hostname', ...(namespaceSelector ? { namespaceSelector } : {}) },
          ],
        },
      },
    });
    const { cache, schedule } = bench(nodes, undefined, 0, { Namespace: [namespace] });
    const other = makePod('web', web);
    cache.setPod(new PodInfo({ ...other, metadata: { ...other.metadata, namespace: 'other' } }), 'b');
    expect(typeof schedule(infoOf('p', { spec: terms() }))).toBe('object');
    expect(schedule(infoOf('p', { spec: terms({ matchLabels: { team: 'x' } }) }))).toBe('b');
    expect(schedule(infoOf('p', { spec: terms({}) }))).toBe('b');
    expect(typeof schedule(infoOf('p', { spec: terms({ matchLabels: { team: 'y' } }) }))).toBe('object');
  });

  it('stay away from others, and others from them', () => {
    const { cache, schedule } = bench(nodes);
    cache.setPod(infoOf('web', web), 'a');
    expect(schedule(infoOf('p', { spec: near('podAntiAffinity', 'zone') }))).toBe('c');
    cache.setPod(infoOf('shy', { spec: near('podAntiAffinity', 'zone') }), 'c');
    const result = schedule(infoOf('p', { ...web, spec: { nodeSelector: { zone: '2' } } }));
    expect(result).toMatchObject({
      rejections: { c: "unschedulable: node(s) didn't satisfy existing pods anti-affinity rules" },
    });
  });
});

describe('spreading', () => {
  const nodes = ['1', '1', '2'].map((zone, i) => makeNode(`n${i}`, { labels: { zone } }));
  const spread = (maxSkew: number, topologyKey = 'zone', more = {}) => ({
    ...web,
    spec: {
      topologySpreadConstraints: [{ maxSkew, topologyKey, whenUnsatisfiable: 'DoNotSchedule', ...matching, ...more }],
    },
  });

  it('keeps domains within the skew', () => {
    const { cache, schedule } = bench(nodes);
    cache.setPod(infoOf('w1', web), 'n0');
    expect(schedule(infoOf('p', spread(1)))).toBe('n2');
    cache.setPod(infoOf('w2', web), 'n2');
    expect(['n1', 'n0', 'n2']).toContain(schedule(infoOf('p', spread(1))));
    cache.setPod(infoOf('w3', web), 'n2');
    cache.setPod(infoOf('w4', web), 'n2');
    const only = spread(1);
    const result = schedule(infoOf('p', { ...only, spec: { ...only.spec, nodeSelector: { zone: '2' } } }));
    // Only its own zone counts when it may go nowhere else.
    expect(result).toBe('n2');
    const ignoring = spread(1, 'zone', { nodeAffinityPolicy: 'Ignore' });
    expect(
      schedule(infoOf('p', { ...ignoring, spec: { ...ignoring.spec, nodeSelector: { zone: '2' } } })),
    ).toMatchObject({
      rejections: { n2: "unschedulable: node(s) didn't match pod topology spread constraints" },
    });
  });

  it('leaves out nodes whose taints it does not tolerate, where that is asked for', () => {
    const tainted = makeNode('n0', { labels: { zone: '1' }, spec: { taints: [taint('NoSchedule')] } });
    const { cache, schedule } = bench([tainted, nodes[2]!]);
    cache.setPod(infoOf('w', web), 'n2');
    expect(typeof schedule(infoOf('p', spread(1)))).toBe('object');
    expect(schedule(infoOf('p', spread(1, 'zone', { nodeTaintsPolicy: 'Honor' })))).toBe('n2');
  });

  it('counts only pods with its own value of matchLabelKeys', () => {
    const { cache, schedule } = bench([nodes[0]!, nodes[2]!]);
    const of = (version: string, more = {}) => ({ labels: { ...web.labels, version }, ...more });
    cache.setPod(infoOf('w', of('1')), 'n2');
    const keyed = (version: string) => {
      const { spec } = spread(1, 'zone', { matchLabelKeys: ['version'], nodeAffinityPolicy: 'Ignore' });
      return infoOf('p', of(version, { spec: { ...spec, nodeSelector: { zone: '2' } } }));
    };
    expect(typeof schedule(keyed('1'))).toBe('object');
    expect(schedule(keyed('2'))).toBe('n2');
  });

  it('needs the label, and so many domains', () => {
    const bare = makeNode('bare');
    expect(verdict(infoOf('p', spread(1)), bare)).toBe(
      "unresolvable: node(s) didn't match pod topology spread constraints (missing required label)",
    );
    const { cache, schedule } = bench(nodes);
    for (const name of ['n0', 'n2']) cache.setPod(infoOf(name, web), name);
    expect(typeof schedule(infoOf('p', spread(1)))).toBe('string');
    expect(typeof schedule(infoOf('p', spread(1, 'zone', { minDomains: 3 })))).toBe('object');
  });
});

describe('scores', () => {
  it('prefer the emptier node', () => {
    const { cache, schedule } = bench([makeNode('a'), makeNode('b')]);
    cache.setPod(infoOf('q', { requests: { cpu: '1', memory: '1Gi' } }), 'a');
    expect(schedule(infoOf('p', { requests: { cpu: '1', memory: '1Gi' } }))).toBe('b');
  });

  it('prefer what node affinity prefers, and no soft taint', () => {
    const preference = { weight: 1, preference: expression('disk', 'Exists') };
    const spec = { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [preference] } } };
    expect(bench([makeNode('a'), makeNode('b', { labels: { disk: '' } })]).schedule(infoOf('p', { spec }))).toBe('b');
    const soft = makeNode('a', { spec: { taints: [taint('PreferNoSchedule')] } });
    expect(bench([soft, makeNode('b')]).schedule(infoOf('p'))).toBe('b');
  });

  it('prefer nodes that have a large image', () => {
    const nodes = [makeNode('a'), makeNode('b', { images: [['app:1', 900 * 1024 * 1024]] })];
    expect(bench(nodes).schedule(infoOf('p'))).toBe('b');
  });

  it('prefer the balanced node', () => {
    const { cache, schedule } = bench([makeNode('a'), makeNode('b')]);
    cache.setPod(infoOf('q', { requests: { cpu: '2', memory: '0' } }), 'a');
    cache.setPod(infoOf('r', { requests: { cpu: '1', memory: '2Gi' } }), 'b');
    expect(schedule(infoOf('p', { requests: { cpu: '500m', memory: '1Gi' } }))).toBe('b');
  });
});

describe('a place that is being cleared', () => {
  it('is not taken by less important pods', () => {
    const { cache, schedule } = bench([makeNode('a')]);
    const asking = (priority: number) => infoOf('p', { requests: { cpu: '3' }, spec: { priority } });
    const preemptor = asking(10);
    cache.nominations.set(preemptor, 'a');
    expect(schedule(asking(9))).toMatchObject({ rejections: { a: 'unschedulable: Insufficient cpu' } });
    expect(schedule(asking(10))).toMatchObject({ rejections: { a: 'unschedulable: Insufficient cpu' } });
    expect(schedule(asking(11))).toBe('a');
    expect(schedule(preemptor)).toBe('a');
    cache.assume(preemptor, 'a');
    cache.forget(preemptor.uid);
    expect(schedule(asking(0))).toBe('a');
  });
});

describe('preemption', () => {
  const busy = (priority: number) => infoOf('victim', { requests: { cpu: '3' }, spec: { priority } });

  it('finds whom to evict, or says why not', () => {
    const nodes = [makeNode('a'), makeNode('b'), makeNode('c', { spec: { unschedulable: true } })];
    const { cache, postFilter } = bench(nodes);
    cache.setPod(busy(5), 'a');
    cache.setPod(busy(3), 'b');
    const attempt = (priority: number) => postFilter(infoOf('p', { requests: { cpu: '2' }, spec: { priority } }));
    expect(attempt(10)).toMatchObject({ nominatedNode: 'b', victims: [{ priority: 3 }] });
    expect(attempt(0).message).toBe(
      'preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, ' +
        '2 No preemption victims found for incoming pod.',
    );
  });
});
