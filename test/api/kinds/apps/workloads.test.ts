// The workload kinds of apps: strategies, templates, what may change, and their counters.
import { describe, expect, it } from 'vitest';
import daemonset from '../../../../src/api/kinds/apps/daemonset.ts';
import deployment from '../../../../src/api/kinds/apps/deployment.ts';
import replicaset from '../../../../src/api/kinds/apps/replicaset.ts';
import statefulset from '../../../../src/api/kinds/apps/statefulset.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import type { Unstructured } from '../../../../src/api/types.ts';
import { create, status, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const selector = { matchLabels: { app: 'x' } };
const template = (spec: Fields = {}) => ({
  metadata: { labels: { app: 'x' } },
  spec: { containers: [{ name: 'a', image: 'b:1' }], ...spec },
});
const make = (spec: Fields = {}, name = 'x') => ({
  metadata: { name, namespace: 'default' },
  spec: { selector, template: template(), ...spec },
});
const rolling = (field: string, rollingUpdate: unknown, type = 'RollingUpdate') =>
  make({ [field]: { type, ...(rollingUpdate ? { rollingUpdate } : {}) } });
const up = (rollingUpdate: unknown, type?: string) => rolling('updateStrategy', rollingUpdate, type);
const PERCENT = `a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`;

describe('a new workload', () => {
  it.each<[string, AnyKind, object, string[]]>([
    [
      'deployment: some pods must be allowed to go or to come',
      deployment,
      rolling('strategy', { maxUnavailable: '0%', maxSurge: '00%' }),
      ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
    ],
    [
      'deployment: shares are of a hundred',
      deployment,
      rolling('strategy', { maxUnavailable: '101%', maxSurge: 'x' }),
      [
        `spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": ${PERCENT}`,
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ],
    [
      'daemonset: one of the two',
      daemonset,
      up({ maxUnavailable: 1, maxSurge: '200%' }),
      [
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "200%": must not be greater than 100%',
        'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: "200%": may not be set when maxUnavailable is non-zero',
      ],
    ],
    [
      'daemonset: not none of the two',
      daemonset,
      up({ maxUnavailable: 0 }),
      ['spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0'],
    ],
    [
      'statefulset: rolls only when it is to roll',
      statefulset,
      up({ partition: 1 }, 'OnDelete'),
      [
        'spec.updateStrategy.rollingUpdate: Invalid value: {"Partition":1,"MaxUnavailable":null}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    ],
    [
      'statefulset: policies and names',
      statefulset,
      make(
        { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Keep' }, serviceName: 'a.b', ordinals: { start: -1 } },
        'a.b',
      ),
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenDeleted: Unsupported value: "Keep": supported values: "Retain", "Delete"',
        'spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0',
        'spec.serviceName: Invalid value: "a.b": must not contain dots',
        'metadata.name: Invalid value: "a.b": must not contain dots',
      ],
    ],
    [
      'statefulset: pods mount the claims',
      statefulset,
      make({
        template: template({
          containers: [{ name: 'a', image: 'b', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
        }),
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      }),
      [],
    ],
    [
      'statefulset: which come before the volumes of the same name',
      statefulset,
      make({
        template: template({
          containers: [{ name: 'a', image: 'b', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
          volumes: [
            { name: 'data', hostPath: {} },
            { name: 'data', emptyDir: {} },
          ],
        }),
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
      }),
      [],
    ],
  ])('%s', (_, kind, document, expected) => {
    expect(create(kind, document).errors).toEqual(expected);
  });

  it('keeps no field whose feature is off', () => {
    const { object } = create(statefulset, up({ maxUnavailable: 2 }));
    expect(object).toMatchObject({ spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    expect(JSON.stringify(object)).not.toContain('maxUnavailable');
  });
});

describe('a workload that is there', () => {
  it('a set may be updated though its name and service are bad', () => {
    const old = create(statefulset, make({ serviceName: 'a.b' }, 'a.b')).object;
    const now = { ...old, spec: { ...(old['spec'] as object), replicas: 4 } } as Unstructured;
    expect(update(statefulset, old, now).errors).toEqual([]);
  });

  it('warns of its template only when that changed, and of a history without end', () => {
    const warned = {
      metadata: { name: 'x', generation: 2 },
      spec: {
        ...make().spec,
        revisionHistoryLimit: -1,
        template: template({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }),
      },
    };
    const old = { ...warned, metadata: { name: 'x', generation: 1 } };
    expect(statefulset.warnings?.(warned as never, old as never)).toHaveLength(2);
    expect(statefulset.warnings?.(warned as never, warned as never)).toEqual([
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ]);
  });

  const over = 'cannot be greater than status.replicas';
  it.each<[AnyKind, object, string[]]>([
    [deployment, { replicas: 1, readyReplicas: 1, availableReplicas: 1, collisionCount: 3 }, []],
    [deployment, { collisionCount: 1 }, ['status.collisionCount: Invalid value: 1: cannot be decremented']],
    [
      deployment,
      { collisionCount: 2, observedGeneration: -1, updatedReplicas: 1 },
      [
        'status.observedGeneration: Invalid value: -1: must be greater than or equal to 0',
        `status.updatedReplicas: Invalid value: 1: ${over}`,
      ],
    ],
    [
      replicaset,
      { observedGeneration: -1 },
      ['status.observedGeneration: Invalid value: -1: must be greater than or equal to 0'],
    ],
    [
      daemonset,
      { numberReady: -1, collisionCount: null },
      [
        'status.numberReady: Invalid value: -1: must be greater than or equal to 0',
        'status.collisionCount: Invalid value: 0: cannot be decremented',
      ],
    ],
    [
      statefulset,
      { currentReplicas: 1, availableReplicas: 1, collisionCount: 2 },
      [
        `status.currentReplicas: Invalid value: 1: ${over}`,
        `status.availableReplicas: Invalid value: 1: ${over}`,
        'status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas',
      ],
    ],
  ])('$kind counts in its status', (kind, now, expected) => {
    expect(status(kind, { metadata: {}, status: { collisionCount: 2 } }, now)).toEqual(expected);
  });
});
