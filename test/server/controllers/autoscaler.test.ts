// Autoscalers on simulated nodes whose pods declare what they use, in a time that runs a hundred times as quick.
import { afterEach, describe, expect, it } from 'vitest';
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec } from 'kubernetes-types/autoscaling/v2.js';
import {
  CoreEvents,
  CustomResourceDefinitions,
  Deployments,
  HorizontalPodAutoscalers,
  Pods,
  ReplicaSets,
} from '../../../src/api/resources.ts';
import type { ResourceType, Unstructured } from '../../../src/api/types.ts';
import { silentLogger } from '../../../src/client/log.ts';
import { Client } from '../../../src/client/rest.ts';
import { controllerUser } from '../../../src/client/transport/in-process.ts';
import { runControllers } from '../../../src/server/controllers/run.ts';
import type { Handler } from '../../../src/wire/http.ts';
import { FastClock } from './clock.ts';
import { type TestCluster, eventually, startCluster } from './cluster.ts';
import { deployment, replicaSet, template } from './objects.ts';

let cluster: TestCluster;
let clock: FastClock;
let stopOwn: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stopOwn?.();
  stopOwn = undefined;
  await cluster.stop();
});

const ALL = ['deployment', 'replicaset', 'garbage-collector', 'node-ipam', 'horizontal-pod-autoscaler'];
const start = async (controllers: readonly string[] = ALL) => {
  clock = new FastClock(100);
  cluster = await startCluster({ controllers, nodes: 3, clock, server: { clock } });
};
const at = (name = 'web') => ({ name, namespace: 'default' });
const requests = { containers: [{ name: 'app', image: 'app:1', resources: { requests: { cpu: '500m' } } }] };

function autoscaler(more: Partial<HorizontalPodAutoscalerSpec> = {}, kind = 'Deployment'): HorizontalPodAutoscaler {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind, name: 'web' };
  return { metadata: at(), spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 5, ...more } };
}
const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
});
const create = (object: HorizontalPodAutoscaler) => cluster.client.create(HorizontalPodAutoscalers, object);
const get = () => cluster.client.get(HorizontalPodAutoscalers, at());
const condition = async (type: string) => {
  const found = (await get()).status?.conditions?.find((c) => c.type === type);
  return found && [found.status, found.reason, found.message].join('|');
};
const told = async () =>
  (await cluster.client.list(CoreEvents, { namespace: 'default' })).items
    .filter((e) => e.involvedObject.kind === 'HorizontalPodAutoscaler')
    .map((e) => `${e.type} ${e.reason} ${e.message}`);
const replicas = async () => (await cluster.client.get(Deployments, at())).spec?.replicas;
const becomes = (count: number) => eventually(`${count} replicas`, async () => (await replicas()) === count, 15_000);
const use = async (text: string) => {
  const patch = { metadata: { annotations: { 'sampan.io/simulate': text } } };
  for (const { metadata } of (await cluster.client.list(Pods, { namespace: 'default' })).items) {
    await cluster.client.patch(Pods, at(metadata!.name), 'merge', patch);
  }
};

describe('the autoscaler', () => {
  it('adds pods until each does what it should, and takes them away when there is less to do', async () => {
    await start();
    await cluster.client.create(
      Deployments,
      deployment('web', 1, { template: template('app:1', requests, { 'sampan.io/simulate': 'load=900m' }) }),
    );
    await create(autoscaler({ metrics: [cpu(50)] }));
    await becomes(4);
    const calm = await eventually('it is calm', async () => {
      const hpa = await get();
      return hpa.status?.currentReplicas === 4 && hpa.status.currentMetrics?.length === 1 && hpa;
    });
    expect(calm.status?.conditions?.map((c) => c.type)).toEqual(['AbleToScale', 'ScalingActive', 'ScalingLimited']);
    expect(await condition('ScalingActive')).toBe(
      'True|ValidMetricFound|the HPA was able to successfully calculate a replica count from ' +
        'cpu resource utilization (percentage of request)',
    );
    const above = 'reason: cpu resource utilization (percentage of request) above target';
    expect((await told()).some((text) => text === `Normal SuccessfulRescale New size: 4; ${above}`)).toBe(true);
    await use('load=200m');
    await becomes(1);
    expect(await told()).toContain('Normal SuccessfulRescale New size: 1; reason: All metrics below target');
  });

  it('keeps within its bounds, and says so', async () => {
    await start();
    await cluster.client.create(
      Deployments,
      deployment('web', 1, { template: template('app:1', requests, { 'sampan.io/simulate': 'usage=2' }) }),
    );
    await create(autoscaler({ metrics: [cpu(50)], minReplicas: 2, maxReplicas: 3 }));
    await becomes(2);
    expect(await told()).toContain(
      'Normal SuccessfulRescale New size: 2; reason: Current number of replicas below Spec.MinReplicas',
    );
    await becomes(3);
    await eventually(
      'it is limited',
      async () =>
        (await condition('ScalingLimited')) ===
        'True|TooManyReplicas|the desired replica count is more than the maximum replica count',
    );
    await cluster.client.patch(HorizontalPodAutoscalers, at(), 'merge', { spec: { maxReplicas: 1, minReplicas: 1 } });
    await becomes(1);
  });

  it('follows the amounts of a container, and policies that let it grow by one', async () => {
    await start();
    await cluster.client.create(
      Deployments,
      deployment('web', 1, { template: template('app:1', {}, { 'sampan.io/simulate': 'usage=10m/256Mi' }) }),
    );
    const target = { type: 'AverageValue', averageValue: '64Mi' as never };
    const policies = [{ type: 'Pods', value: 1, periodSeconds: 60 }];
    await create(
      autoscaler({
        metrics: [{ type: 'ContainerResource', containerResource: { name: 'memory', container: 'app', target } }],
        behavior: { scaleUp: { policies } },
      }),
    );
    await becomes(2);
    await eventually(
      'it is slowed down',
      async () =>
        (await condition('ScalingLimited')) ===
        'True|ScaleUpLimit|the desired replica count is increasing faster than the maximum scale rate',
    );
    await becomes(3);
  });

  it('says what is wrong: no target, no requests, nothing running, two for one', async () => {
    await start();
    await create(autoscaler({ metrics: [cpu(50)] }));
    await eventually('there is no target', async () =>
      (await condition('AbleToScale'))?.startsWith('False|FailedGetScale'),
    );
    expect(await condition('AbleToScale')).toBe(
      "False|FailedGetScale|the HPA controller was unable to get the target's current scale: " +
        'deployments.apps "web" not found',
    );
    await cluster.client.create(Deployments, deployment('web', 1));
    const missing = /missing request for cpu in container app of Pod web-/;
    await eventually('it asks for nothing', async () => missing.test((await condition('ScalingActive')) ?? ''));
    expect(await condition('ScalingActive')).toMatch(
      /^False\|FailedGetResourceMetric\|the HPA was unable to compute the replica count: failed to get cpu utilization: /,
    );
    await create({ ...autoscaler(), metadata: at('rival') });
    await eventually(
      'it is one of two',
      async () =>
        (await condition('ScalingActive')) ===
        'False|AmbiguousSelector|pods by selector app=web are controlled by multiple HPAs: [default/rival default/web]',
    );
    await cluster.client.patch(Deployments, at(), 'merge', { spec: { replicas: 0 } });
    await eventually(
      'it is switched off',
      async () =>
        (await condition('ScalingActive')) ===
        'False|ScalingDisabled|scaling is disabled since the replica count of the target is zero',
    );
    expect(await replicas()).toBe(0);
  });

  it('follows metrics of pods, of objects and from elsewhere', async () => {
    await start(ALL.slice(0, 4));
    const values = { pods: '30', object: '12', external: '50' };
    const adapter =
      (handler: Handler): Handler =>
      async (request) => {
        const answer = (body: object) => ({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: { bytes: () => Buffer.from(JSON.stringify(body)) },
        });
        const item = (name: string, value: string) => ({
          describedObject: { kind: 'Pod', name },
          timestamp: new Date(clock.now()).toISOString(),
          value,
        });
        if (request.path === '/apis/custom.metrics.k8s.io') {
          return answer({ preferredVersion: { groupVersion: 'custom.metrics.k8s.io/v1beta2' } });
        }
        const custom = '/apis/custom.metrics.k8s.io/v1beta2/namespaces/default';
        if (request.path === `${custom}/pods/*/hits`) {
          const { items } = await cluster.client.list(Pods, { namespace: 'default' });
          return answer({ items: items.map((pod) => item(pod.metadata!.name!, values.pods)) });
        }
        if (request.path === `${custom}/services/front/rate`) return answer({ items: [item('front', values.object)] });
        if (request.path === '/apis/external.metrics.k8s.io/v1beta1/namespaces/default/queue') {
          expect(request.query.get('labelSelector')).toBe('name=jobs');
          return answer({ items: [item('', values.external)] });
        }
        return handler(request);
      };
    const stop = new AbortController();
    const run = runControllers({
      client: (name) => new Client(adapter(cluster.server.client(controllerUser(name)).handler)),
      clock,
      log: silentLogger,
      signal: stop.signal,
      names: ['horizontal-pod-autoscaler'],
    });
    stopOwn = async () => {
      stop.abort();
      await run;
    };
    await cluster.client.create(ReplicaSets, replicaSet('web', 1));
    const metrics = [
      {
        type: 'Pods',
        pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '15' as never } },
      },
      {
        type: 'Object',
        object: {
          metric: { name: 'rate' },
          describedObject: { apiVersion: 'v1', kind: 'Service', name: 'front' },
          target: { type: 'Value', value: '12' as never },
        },
      },
      {
        type: 'External',
        external: {
          metric: { name: 'queue', selector: { matchLabels: { name: 'jobs' } } },
          target: { type: 'AverageValue', averageValue: '10' as never },
        },
      },
    ];
    await create(autoscaler({ metrics, maxReplicas: 8 }, 'ReplicaSet'));
    await eventually('the queue decides', async () => {
      const { spec } = await cluster.client.get(ReplicaSets, at());
      return (spec?.replicas ?? 0) >= 4;
    });
    const name =
      'queue(&LabelSelector{MatchLabels:map[string]string{name: jobs,},MatchExpressions:[]LabelSelectorRequirement{},})';
    await eventually('it is told', async () =>
      (await told()).includes(`Normal SuccessfulRescale New size: 4; reason: external metric ${name} above target`),
    );
    values.pods = '15';
    values.external = '1';
    const { status } = await get();
    expect(status?.currentMetrics?.map((m) => m.type)).toEqual(['Pods', 'Object', 'External']);
    expect(status?.currentMetrics?.[1]?.object?.current).toEqual({ value: '12' });
  });

  it('scales what a definition adds', async () => {
    await start();
    const widgets: ResourceType<Unstructured> = {
      group: 'example.com',
      version: 'v1',
      plural: 'widgets',
      kind: 'Widget',
      namespaced: true,
    };
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const scale = {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    };
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: open, status: open } } };
    await cluster.client.create(CustomResourceDefinitions, {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'widgets', kind: 'Widget' },
        versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {}, scale } }],
      },
    });
    await eventually('a widget is there', () =>
      cluster.client.create(widgets, { metadata: at(), spec: { replicas: 1 } } as never),
    );
    const hpa = autoscaler({ metrics: [cpu(50)], minReplicas: 3 });
    hpa.spec!.scaleTargetRef = { apiVersion: 'example.com/v1', kind: 'Widget', name: 'web' };
    await create(hpa);
    await eventually('it is scaled', async () => {
      const widget = await cluster.client.get(widgets, at());
      return (widget as { spec?: { replicas?: number } }).spec?.replicas === 3;
    });
    await eventually(
      'it has no selector',
      async () =>
        (await condition('ScalingActive')) === "False|InvalidSelector|the HPA target's scale is missing a selector",
    );
  });

  it.each([
    ['v1', { targetCPUUtilizationPercentage: 50 }],
    ['v2beta1', { metrics: [{ type: 'Resource', resource: { name: 'cpu', targetAverageUtilization: 50 } }] }],
    ['v2beta2', { metrics: [cpu(50)] }],
  ])('acts on a manifest of autoscaling/%s', async (version, more) => {
    await start();
    await cluster.client.create(
      Deployments,
      deployment('web', 1, { template: template('app:1', requests, { 'sampan.io/simulate': 'load=400m' }) }),
    );
    const object = { ...autoscaler(), spec: { ...autoscaler().spec, ...more } };
    await cluster.client.create(
      { ...HorizontalPodAutoscalers, version } as ResourceType<Unstructured>,
      object as never,
    );
    await becomes(2);
    await eventually('its status says so', async () => (await get()).status?.currentReplicas === 2);
  });
});
