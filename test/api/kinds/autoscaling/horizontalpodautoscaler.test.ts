// Autoscalers: bounds, metrics, behaviour, and version 1, in which most of it rides in annotations.
import { describe, expect, it } from 'vitest';
import hpa from '../../../../src/api/kinds/autoscaling/horizontalpodautoscaler.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, decode, status, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const make = (spec: Fields = {}) => ({ metadata: { name: 'x' }, spec: { scaleTargetRef, maxReplicas: 5, ...spec } });
const metrics = (...list: Fields[]) => make({ metrics: list });
const at = 'spec.metrics[0]';

describe('a new autoscaler', () => {
  const object = { describedObject: { kind: 'Service', name: 'web' }, metric: { name: 'hits' } };
  it.each<[string, object, string[]]>([
    ['is good with a target alone', make(), []],
    [
      'has bounds',
      make({ minReplicas: 0, maxReplicas: -1 }),
      [
        'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1',
        'spec.maxReplicas: Invalid value: -1: must be greater than 0',
        'spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`',
        'spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
      ],
    ],
    [
      'scales something',
      make({ scaleTargetRef: { kind: 'a/b' } }),
      [
        `spec.scaleTargetRef.kind: Invalid value: "a/b": may not contain '/'`,
        'spec.scaleTargetRef.name: Required value',
      ],
    ],
    [
      'knows its metrics',
      metrics({ type: 'Moon' }, {}),
      [
        `${at}.type: Unsupported value: "Moon": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
        'spec.metrics[1].type: Required value: must specify a metric source type',
        'spec.metrics[1].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      ],
    ],
    [
      'has the source of its type, and only that',
      metrics({ type: 'Pods', object: { ...object, target: { type: 'Value', value: '1' } }, resource: {} }),
      [
        `${at}.pods: Required value: must populate information for the given metric source`,
        `${at}.object: Forbidden: must populate the given metric source only`,
        `${at}.resource: Forbidden: must populate the given metric source only`,
      ],
    ],
    [
      'has targets that can be met',
      metrics(
        { type: 'Object', object: { ...object, target: { type: 'Value', value: '0' } } },
        {
          type: 'External',
          external: { metric: { name: 'a/b' }, target: { type: 'Value', value: '1', averageValue: '1' } },
        },
        { type: 'Pods', pods: { metric: {}, target: { type: 'Best' } } },
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0, averageValue: '1' } },
        },
        { type: 'ContainerResource', containerResource: { name: 'cpu', target: { type: 'Utilization' } } },
      ),
      [
        `${at}.object.target.value: Invalid value: "0": must be positive`,
        `spec.metrics[1].external.metric.name: Invalid value: "a/b": may not contain '/'`,
        'spec.metrics[1].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target',
        'spec.metrics[2].pods.metric.name: Required value: must specify a metric name',
        'spec.metrics[2].pods.target.type: Invalid value: "Best": must be either Utilization, Value, or AverageValue',
        'spec.metrics[2].pods.target.averageValue: Required value: must specify a positive target averageValue',
        'spec.metrics[3].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
        'spec.metrics[3].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
        'spec.metrics[4].containerResource.container: Required value: must specify a container',
        'spec.metrics[4].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      ],
    ],
    [
      'behaves',
      make({
        behavior: {
          scaleUp: {
            stabilizationWindowSeconds: 3601,
            selectPolicy: 'Some',
            policies: [{ type: 'All', value: 0, periodSeconds: 1801 }],
          },
          scaleDown: { stabilizationWindowSeconds: -1, policies: [] },
        },
      }),
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Some": supported values: "Disabled", "Max", "Min"',
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "All": supported values: "Percent", "Pods"',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
        'spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero',
        'spec.behavior.scaleDown.policies: Required value: must specify at least one Policy',
      ],
    ],
  ])('%s', (_, document, expected) => {
    expect(create(hpa, document).errors).toEqual(expected);
  });

  it('keeps no tolerance, whose feature is off', () => {
    const { object } = create(hpa, make({ behavior: { scaleUp: { tolerance: '0.2' } } }));
    expect(JSON.stringify(object)).not.toContain('tolerance');
  });
});

it('one that was at zero may stay there', () => {
  const old = { ...create(hpa, make()).object, ...make({ minReplicas: 0 }) } as Unstructured;
  const external = { type: 'External', external: { metric: { name: 'a' }, target: { type: 'Value', value: '1' } } };
  expect(update(hpa, old, make({ minReplicas: 0, metrics: [external] })).errors).toEqual([]);
});

it('counts in its status', () => {
  expect(status(hpa, {}, { currentReplicas: -1 })).toEqual([
    'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
  ]);
});

describe('version 1', () => {
  const { convert } = hpa.served.find((s) => s.version === 'v1')!;
  const behavior = { scaleDown: { selectPolicy: 'Min', policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] } };
  const v2 = {
    metadata: { name: 'x', annotations: { mine: 'a' } },
    spec: {
      scaleTargetRef,
      maxReplicas: 5,
      behavior,
      metrics: [
        {
          type: 'Pods',
          pods: { metric: { name: 'hits', selector: {} }, target: { type: 'AverageValue', averageValue: '5' } },
        },
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
    },
    status: {
      currentReplicas: 1,
      desiredReplicas: 2,
      conditions: [{ type: 'AbleToScale', status: 'True' }],
      currentMetrics: [
        { type: 'Pods', pods: { metric: { name: 'hits' }, current: { averageValue: '3' } } },
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '10m' } } },
      ],
    },
  };
  const shown = structuredClone(v2) as unknown as Unstructured;
  convert!.fromStorage(shown);

  it('shows the share of CPU, and the rest in annotations', () => {
    expect(shown['spec']).toEqual({ scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 });
    expect(shown['status']).toEqual({ currentReplicas: 1, desiredReplicas: 2, currentCPUUtilizationPercentage: 50 });
    const prefix = 'autoscaling.alpha.kubernetes.io/';
    expect(shown.metadata.annotations).toEqual({
      mine: 'a',
      [`${prefix}metrics`]: '[{"type":"Pods","pods":{"metricName":"hits","selector":{},"targetAverageValue":"5"}}]',
      [`${prefix}current-metrics`]:
        '[{"type":"Pods","pods":{"metricName":"hits","currentAverageValue":"3"}},{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":50,"currentAverageValue":"10m"}}]',
      [`${prefix}conditions`]: '[{"type":"AbleToScale","status":"True"}]',
      [`${prefix}behavior`]:
        '{"ScaleUp":null,"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Min","Policies":[{"Type":"Pods","Value":1,"PeriodSeconds":60}],"Tolerance":null}}',
    });
  });

  it('comes back whole', () => {
    const back = structuredClone(shown);
    convert!.toStorage(back);
    expect(back).toEqual(v2);
  });

  it('ignores annotations that cannot be read', () => {
    const annotations = {
      'autoscaling.alpha.kubernetes.io/metrics': '{',
      'autoscaling.alpha.kubernetes.io/behavior': '3',
    };
    const draft = decode(hpa, { ...make(), metadata: { name: 'x', annotations } }, 'autoscaling', 'v1');
    expect(draft.metadata).toEqual({ name: 'x' });
    expect(draft).toMatchObject({
      spec: { metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }] },
    });
  });
});
