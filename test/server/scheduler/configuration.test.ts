// The configuration file: what it may say, what runs then, and what is told when it is wrong.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ConfigurationError, readConfiguration } from '../../../src/server/scheduler/config/configuration.ts';
import { type AnyPlugin, definePlugin } from '../../../src/server/scheduler/framework.ts';
import { bench, infoOf, makeNode } from './objects.ts';

const HEAD = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
const read = (text: string, own: AnyPlugin[] = []) => readConfiguration(HEAD + text, own);
function problems(text: string, own: AnyPlugin[] = []): string[] {
  try {
    read(text, own);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message.split('\n');
    throw error;
  }
  return [];
}
const names = (list: readonly AnyPlugin[]) => list.map(({ name }) => name);

describe('a scheduler configuration', () => {
  it('has upstream’s defaults', () => {
    const { profiles, leaderElection, ...rest } = read('');
    expect(rest).toEqual({
      percentageOfNodesToScore: 0,
      initialBackoffMs: 1000,
      maxBackoffMs: 10_000,
      extenders: [],
      kubeconfig: '',
    });
    expect(leaderElection).toMatchObject({ leaderElect: true, resourceName: 'kube-scheduler' });
    expect(profiles).toHaveLength(1);
    const { schedulerName, points } = profiles[0]!;
    expect(schedulerName).toBe('default-scheduler');
    expect(Object.fromEntries(points.score.map((p) => [p.name, p.weight ?? 1]))).toEqual({
      TaintToleration: 3,
      NodeAffinity: 2,
      NodeResourcesFit: 1,
      PodTopologySpread: 2,
      InterPodAffinity: 2,
      NodeResourcesBalancedAllocation: 1,
      ImageLocality: 1,
    });
    expect(names(points.filter).slice(0, 6)).toEqual([
      'NodeUnschedulable',
      'NodeName',
      'TaintToleration',
      'NodeAffinity',
      'NodePorts',
      'NodeResourcesFit',
    ]);
  });

  it('may enable and disable plug-ins at single points, and weigh them', () => {
    const { profiles } = read(`
profiles:
- schedulerName: one
  plugins:
    score:
      disabled: [{name: ImageLocality}]
      enabled: [{name: InterPodAffinity, weight: 7}, {name: TaintToleration}]
    multiPoint:
      disabled: [{name: NodePorts}]
- schedulerName: two
  plugins:
    preScore: {disabled: [{name: '*'}]}
    score: {disabled: [{name: '*'}]}
    filter: {disabled: [{name: '*'}], enabled: [{name: NodeName}]}
`);
    const [one, two] = profiles;
    expect(one!.points.score.map((p) => [p.name, p.weight ?? 1])).toEqual([
      ['InterPodAffinity', 7],
      ['TaintToleration', 1],
      ['NodeAffinity', 2],
      ['NodeResourcesFit', 1],
      ['PodTopologySpread', 2],
      ['NodeResourcesBalancedAllocation', 1],
    ]);
    expect(names(one!.points.filter)).not.toContain('NodePorts');
    expect(names(one!.points.preFilter)).not.toContain('NodePorts');
    expect(names(two!.points.filter)).toEqual(['NodeName']);
    expect(two!.points.score).toEqual([]);
  });

  it('may replace all plug-ins', () => {
    const own = definePlugin({ name: 'Mine', filter: () => undefined });
    const { profiles } = read(
      `
profiles:
- plugins:
    multiPoint:
      disabled: [{name: '*'}]
      enabled: [{name: PrioritySort}, {name: Mine}, {name: DefaultBinder}]
`,
      [own],
    );
    expect(names(profiles[0]!.plugins).sort()).toEqual(['DefaultBinder', 'Mine', 'PrioritySort']);
  });

  it('names the field of everything that is wrong', () => {
    expect(problems('parallelism: 0\npercentageOfNodesToScore: 101\npodInitialBackoffSeconds: 20')).toEqual([
      'parallelism: Invalid value: 0: should be an integer value greater than zero',
      'percentageOfNodesToScore: Invalid value: 101: not in valid range [0-100]',
      'podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds',
    ]);
    expect(problems('parallelism: many\nprofile: []')).toEqual([
      'parallelism: Invalid value: "many": must be an integer',
      'profile: Forbidden: unknown field',
    ]);
    expect(problems('profiles: [{schedulerName: a}, {schedulerName: a}, {}]')).toEqual([
      'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
      'profiles[2].schedulerName: Required value',
    ]);
    expect(problems('profiles: [{plugins: {score: {enabled: [{name: NodeName}, {name: Nobody}]}}}]')).toEqual([
      'profiles[0].plugins.score.enabled[0]: Invalid value: "NodeName": plugin "NodeName" does not extend score',
      'profiles[0].plugins.score.enabled[1]: Invalid value: "Nobody": plugin "Nobody" does not exist',
    ]);
    expect(problems('profiles: [{plugins: {bind: {disabled: [{name: "*"}]}}}]')).toEqual([
      'profiles[0].plugins.bind: Required value: at least one bind plugin must be enabled',
    ]);
    expect(problems('leaderElection: {leaseDuration: 5s, renewDeadline: 10s}')).toEqual([
      'leaderElection.leaseDuration: Invalid value: "5s": LeaseDuration must be greater than RenewDeadline',
    ]);
    expect(() => readConfiguration('kind: Pod')).toThrow('kind: Unsupported value: "Pod"');
    expect(problems('profiles: [')[0]).toMatch(/./);
  });

  it.each([
    [
      'InterPodAffinity',
      '{hardPodAffinityWeight: 101}',
      'hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]',
    ],
    [
      'DefaultPreemption',
      '{minCandidateNodesAbsolute: -1}',
      'minCandidateNodesAbsolute: Invalid value: -1: not in valid range [0, inf)',
    ],
    [
      'NodeResourcesFit',
      '{scoringStrategy: {type: Best}}',
      'scoringStrategy.type: Unsupported value: "Best": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    ],
    [
      'NodeResourcesFit',
      '{scoringStrategy: {type: RequestedToCapacityRatio}}',
      'scoringStrategy.requestedToCapacityRatio: Required value: must be specified when type is RequestedToCapacityRatio',
    ],
    [
      'NodeResourcesFit',
      '{ignoredResourceGroups: [a/b]}',
      "ignoredResourceGroups[0]: Invalid value: \"a/b\": resource group name can't contain '/'",
    ],
    [
      'NodeResourcesBalancedAllocation',
      '{resources: [{name: cpu, weight: 2}]}',
      'resources[0].weight: Invalid value: 2: must be 1',
    ],
    [
      'PodTopologySpread',
      '{defaultConstraints: [{maxSkew: 1, topologyKey: a, whenUnsatisfiable: DoNotSchedule}]}',
      'defaultingType: Invalid value: "System": when .defaultConstraints are not empty',
    ],
    [
      'PodTopologySpread',
      '{defaultingType: List, defaultConstraints: [{topologyKey: a, whenUnsatisfiable: Maybe}]}',
      'defaultConstraints[0].maxSkew: Invalid value: 0: not in valid range (0, inf)',
    ],
    ['NodeName', '{a: b}', ': Forbidden: plugin "NodeName" takes no arguments'],
    ['NodeAffinity', '{addedAffinity: {required: 1}}', 'addedAffinity.required: Forbidden: unknown field'],
  ])('checks the arguments of %s: %s', (name, args, message) => {
    const path = 'profiles[0].pluginConfig[0].args';
    const told = problems(`profiles: [{pluginConfig: [{name: ${name}, args: ${args}}]}]`);
    expect(told).toContain(message.startsWith(':') ? `${path}${message}` : `${path}.${message}`);
  });
});

describe('arguments', () => {
  const configured = (name: string, args: string): readonly AnyPlugin[] =>
    read(`profiles: [{pluginConfig: [{name: ${name}, args: ${args}}]}]`).profiles[0]!.plugins;
  const asking = (cpu: string) => infoOf('p', { requests: { cpu, memory: '1Gi' } });

  it('make full nodes attractive', () => {
    const strategies = {
      MostAllocated: '{scoringStrategy: {type: MostAllocated}}',
      ratio:
        '{scoringStrategy: {type: RequestedToCapacityRatio, requestedToCapacityRatio: ' +
        '{shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]}}}',
    };
    for (const args of Object.values(strategies)) {
      const { cache, schedule } = bench([makeNode('a'), makeNode('b')], configured('NodeResourcesFit', args));
      cache.setPod(asking('1'), 'a');
      expect(schedule(asking('1'))).toBe('a');
    }
  });

  it('leave resources to others', () => {
    const plugins = configured('NodeResourcesFit', '{ignoredResourceGroups: [example.org]}');
    const pod = infoOf('p', { requests: { 'example.org/gpu': '1' } });
    expect(bench([makeNode('a')], plugins).schedule(pod)).toBe('a');
    expect(bench([makeNode('a')]).schedule(pod)).toBeTypeOf('object');
  });

  it('enforce an affinity on all pods', () => {
    const term = '{matchExpressions: [{key: pool, operator: In, values: [batch]}]}';
    const required = `{addedAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [${term}]}}}`;
    const nodes = [makeNode('a'), makeNode('b', { labels: { pool: 'batch' } })];
    expect(bench(nodes, configured('NodeAffinity', required)).schedule(asking('1'))).toBe('b');
    expect(bench([nodes[0]!], configured('NodeAffinity', required)).schedule(asking('1'))).toMatchObject({
      rejections: { a: "unresolvable: node(s) didn't match scheduler-enforced node affinity" },
    });
  });

  it('spread all pods by constraints of one’s own', () => {
    const args =
      '{defaultingType: List, defaultConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}';
    const nodes = ['1', '2'].map((zone) => makeNode(`n${zone}`, { labels: { zone } }));
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'default' },
      spec: { selector: { app: 'web' } },
    };
    const on = bench(nodes, configured('PodTopologySpread', args), 0, { Service: [service] });
    const web = () => infoOf('w', { labels: { app: 'web' } });
    on.cache.setPod(web(), 'n1');
    const one = infoOf('p', { labels: { app: 'web' }, spec: { nodeName: 'n1' } });
    expect(on.schedule(one)).toMatchObject({
      rejections: { n1: "unschedulable: node(s) didn't match pod topology spread constraints" },
    });
  });
});

describe('the example', () => {
  it('is read, and its plug-in decides', async () => {
    const folder = new URL('../../../docs/scheduler-example/', import.meta.url);
    const { default: plugin } = (await import(new URL('prefer-cheap-nodes.mjs', folder).href)) as { default: unknown };
    const text = readFileSync(new URL('scheduler.yaml', folder), 'utf8');
    const [cheap, packed] = readConfiguration(text, [plugin]).profiles;
    const label = 'example.org/cents-per-hour';
    const nodes = [makeNode('dear', { labels: { [label]: '90' } }), makeNode('cheap', { labels: { [label]: '10' } })];
    const pod = infoOf('p', { requests: { cpu: '1', memory: '1Gi' } });
    const on = bench(nodes, cheap!.plugins);
    on.cache.setPod(infoOf('q', { requests: { cpu: '1', memory: '1Gi' } }), 'cheap');
    expect(on.schedule(pod)).toBe('cheap');
    expect(names(packed!.points.score)).not.toContain('PreferCheapNodes');
    expect(() => readConfiguration(text.replace('label: example', 'label: [example'.concat(']#')), [plugin])).toThrow(
      'profiles[0].pluginConfig[0].args: Invalid value',
    );
    expect(() => readConfiguration(text, [{}])).toThrow('a plug-in module exports by default an object with a name');
    expect(() => readConfiguration(text)).toThrow('plugin "PreferCheapNodes" does not exist');
  });
});
