// Server-side apply and managedFields: what a create owns, conflicts, removal, shared fields, capping.
import { describe, expect, it } from 'vitest';
import { serverSideApply, type ApplyOptions } from '../../../src/api/patch/apply.ts';
import { updateManagedFields } from '../../../src/api/patch/managed-fields.ts';
import { builtinSchemas as source } from '../../../src/api/schema/builtin.ts';
import { fromCrdSchema } from '../../../src/api/schema/from-crd.ts';
import type { StatusError } from '../../../src/api/status.ts';
import type { ManagedFieldsEntry, Unstructured } from '../../../src/api/types.ts';

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    Object.values(value).forEach(freeze);
    Object.freeze(value);
  }
  return value;
}

const schema = source.forKind('apps', 'v1', 'Deployment')!;
const now = '2026-01-01T00:00:00Z';
const base = { apiVersion: 'apps/v1', now, schema, source };

const deployment = (metadata: object, spec?: object): Unstructured =>
  freeze({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', ...metadata },
    ...(spec ? { spec } : {}),
  }) as Unstructured;

const created = deployment(
  { namespace: 'default', uid: 'u1', resourceVersion: '1', labels: { app: 'web' }, creationTimestamp: now },
  {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
    template: {
      metadata: { creationTimestamp: null, labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 80 }], resources: {} }] },
    },
  },
);
const withEntries = (object: Unstructured, managedFields: ManagedFieldsEntry[] | undefined): Unstructured =>
  freeze({ ...object, metadata: { ...object.metadata, ...(managedFields ? { managedFields } : {}) } });

const live = withEntries(created, updateManagedFields({ ...base, updated: created, manager: 'kubectl-create' }));
const entry = (object: Unstructured, manager: string): ManagedFieldsEntry | undefined =>
  object.metadata.managedFields?.find((e) => e.manager === manager);

function apply(options: Partial<ApplyOptions> & { applied: Unstructured }): Unstructured {
  return freeze(serverSideApply({ ...base, live, manager: 'gitops', force: false, ...options }).object);
}
const container = (fields: object): object => ({ template: { spec: { containers: [{ name: 'c', ...fields }] } } });

describe('updateManagedFields on create', () => {
  it('says what a real API server says of the same Deployment', () => {
    expect(live.metadata.managedFields).toEqual([
      {
        manager: 'kubectl-create',
        operation: 'Update',
        apiVersion: 'apps/v1',
        time: now,
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:selector': {},
            'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} }, 'f:type': {} },
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                    },
                    'f:resources': {},
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  it('owns the whole of a custom resource, and nothing that the endpoint resets', () => {
    const custom = { type: 'object', properties: { spec: { type: 'object', properties: { a: { type: 'integer' } } } } };
    const entries = updateManagedFields({
      apiVersion: 'x.io/v1',
      now,
      source,
      schema: fromCrdSchema(custom),
      updated: { apiVersion: 'x.io/v1', kind: 'X', metadata: { name: 'x' }, spec: { a: 1 }, status: {} } as never,
      manager: 'me',
      resetFields: ['status'],
      custom: true,
    });
    expect(entries?.[0]?.fieldsV1).toEqual({ 'f:spec': { '.': {}, 'f:a': {} } });
  });
});

describe('updateManagedFields on update', () => {
  const update = (updated: Unstructured, manager: string, at = '2026-01-02T00:00:00Z'): Unstructured =>
    withEntries(created, updateManagedFields({ ...base, now: at, live, updated, manager }));

  it('moves changed fields to who changed them', () => {
    const scaled = freeze({ ...live, spec: { ...(live['spec'] as object), replicas: 5 } });
    const after = update(scaled as Unstructured, 'scaler');
    expect(entry(after, 'scaler')?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(entry(after, 'kubectl-create')?.fieldsV1).not.toHaveProperty(['f:spec', 'f:replicas']);
    expect(entry(after, 'kubectl-create')?.time).toBe(now);
  });

  it('changes nothing when nothing changed', () => {
    const copy = structuredClone(live);
    copy.metadata.resourceVersion = '7';
    expect(update(copy, 'other').metadata.managedFields).toEqual(live.metadata.managedFields);
  });

  it('stays without entries once they were cleared', () => {
    const cleared = { ...created, metadata: { ...created.metadata, managedFields: [] } };
    const none = updateManagedFields({ ...base, live: cleared, updated: cleared, manager: 'm' });
    expect(none).toBeUndefined();
  });

  it('keeps ten updaters and folds the oldest together', () => {
    let object = live;
    for (let i = 0; i < 14; i++) {
      const labels = { ...object.metadata.labels, [`l${i}`]: 'x' };
      const updated = { ...object, metadata: { ...object.metadata, labels } };
      const at = `2026-01-02T00:00:${String(i).padStart(2, '0')}Z`;
      object = withEntries(updated, updateManagedFields({ ...base, now: at, live: object, updated, manager: `m${i}` }));
    }
    const managers = object.metadata.managedFields!.map((e) => e.manager);
    expect(managers).toHaveLength(10);
    expect(managers).toContain('ancient-changes');
    expect(entry(object, 'ancient-changes')?.fieldsV1).toMatchObject({ 'f:metadata': { 'f:labels': { 'f:l0': {} } } });
  });
});

describe('serverSideApply', () => {
  it('conflicts in upstream’s words, with a cause for each field', () => {
    const one = deployment({}, { replicas: 3 });
    expect(() => apply({ applied: one })).toThrow(
      'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas',
    );
    try {
      apply({ applied: deployment({}, { replicas: 3, ...container({ image: 'nginx:2' }) }) });
      expect.unreachable();
    } catch (error) {
      const { status } = error as StatusError;
      expect(status.reason).toBe('Conflict');
      expect(status.message).toBe(
        'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n' +
          '- .spec.replicas\n- .spec.template.spec.containers[name="c"].image',
      );
      expect(status.details?.causes).toContainEqual({
        reason: 'FieldManagerConflict',
        message: 'conflict with "kubectl-create" using apps/v1',
        field: '.spec.replicas',
      });
    }
  });

  it('takes fields over by force', () => {
    const object = apply({ applied: deployment({}, { replicas: 3 }), force: true });
    expect((object['spec'] as { replicas: number }).replicas).toBe(3);
    expect(entry(object, 'gitops')?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
    expect(entry(object, 'kubectl-create')?.fieldsV1).not.toHaveProperty(['f:spec', 'f:replicas']);
  });

  it('shares a field that both set alike, and removes it only when the last owner drops it', () => {
    const shared = apply({ applied: deployment({ labels: { app: 'web', mine: '1' } }) });
    const dropped = apply({ live: shared, applied: deployment({}) });
    expect(dropped.metadata.labels).toEqual({ app: 'web' });
    expect(entry(dropped, 'gitops')).toBeUndefined();
  });

  it('removes items and fields that are no longer applied', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
    ];
    const first = apply({ applied: deployment({}, container({ env })) });
    const second = apply({ live: first, applied: deployment({}, container({ env: env.slice(1) })) });
    expect(second).toMatchObject({ spec: container({ image: 'nginx', env: [{ name: 'B', value: '2' }] }) });
    const third = apply({ live: second, applied: deployment({}, container({})) });
    const spec = third['spec'] as { template: { spec: { containers: object[] } } };
    expect(spec.template.spec.containers[0]).not.toHaveProperty('env');
  });

  it('leaves an empty object where one is applied', () => {
    const volumes = (emptyDir: object): object => ({ template: { spec: { volumes: [{ name: 'v', emptyDir }] } } });
    const first = apply({ applied: deployment({}, volumes({ sizeLimit: '1Gi' })) });
    const second = apply({ live: first, applied: deployment({}, volumes({})) });
    expect(second['spec']).toMatchObject(volumes({}));
    const { template } = second['spec'] as { template: { spec: { volumes: { emptyDir: object }[] } } };
    expect(template.spec.volumes[0]!.emptyDir).toEqual({});
  });

  it('does nothing the second time', () => {
    const applied = deployment({ labels: { x: '1' } });
    const first = apply({ applied });
    const again = serverSideApply({
      ...base,
      now: '2027-01-01T00:00:00Z',
      live: first,
      applied,
      manager: 'gitops',
      force: false,
    });
    expect(again.changed).toBe(false);
    expect(again.object.metadata.managedFields).toEqual(first.metadata.managedFields);
  });

  it('dates the entry of who joins the owners, though the object stays as it is', () => {
    const joined = apply({ applied: deployment({ labels: { app: 'web' } }), now: '2027-01-01T00:00:00Z' });
    expect(entry(joined, 'gitops')?.time).toBe('2027-01-01T00:00:00Z');
    expect(entry(joined, 'kubectl-create')?.time).toBe(now);
  });

  it('creates', () => {
    const object = apply({ live: undefined, applied: deployment({ labels: { a: '1' } }, { replicas: 2 }) });
    expect(entry(object, 'gitops')).toEqual({
      manager: 'gitops',
      operation: 'Apply',
      apiVersion: 'apps/v1',
      time: now,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } }, 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('keeps the order of the applied list between what others have', () => {
    const list = (...names: string[]): object => ({
      template: { spec: { containers: names.map((name) => ({ name })) } },
    });
    const three = deployment({ uid: 'u' }, list('a', 'b', 'c'));
    const object = apply({ live: three, applied: deployment({}, list('x', 'c', 'a')) });
    const { containers } = (object['spec'] as { template: { spec: { containers: { name: string }[] } } }).template.spec;
    expect(containers.map((c) => c.name)).toEqual(['b', 'x', 'c', 'a']);
  });

  it('remembers who set fields before anything was applied', () => {
    const object = apply({ live: created, applied: deployment({ labels: { z: '1' } }) });
    expect(entry(object, 'before-first-apply')?.operation).toBe('Update');
  });

  it('lets kubectl take over what it applied from the client', () => {
    const last = JSON.stringify({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 1 },
    });
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': last };
    const old = { ...created, metadata: { ...created.metadata, annotations } };
    const owned = withEntries(
      old,
      updateManagedFields({ ...base, updated: old, manager: 'kubectl-client-side-apply' }),
    );
    const applied = deployment({}, { replicas: 4 });
    const object = apply({ live: owned, applied, manager: 'kubectl' });
    expect((object['spec'] as { replicas: number }).replicas).toBe(4);
    expect(object.metadata.annotations?.['kubectl.kubernetes.io/last-applied-configuration']).toContain('"replicas":4');
    expect(() => apply({ live: owned, applied, manager: 'other' })).toThrow('kubectl-client-side-apply');
  });

  it('refuses what cannot be applied', () => {
    const duplicate = deployment({}, { template: { spec: { containers: [{ name: 'a' }, { name: 'a' }] } } });
    expect(() => apply({ applied: duplicate })).toThrow('duplicate entries for key [name="a"]');
    expect(() => apply({ applied: withEntries(deployment({}), [{}]) })).toThrow('metadata.managedFields must be nil');
    const other = freeze({ ...deployment({}), apiVersion: 'apps/v2' });
    expect(() => apply({ applied: other })).toThrow('Specified patch version: apps/v2, expected: apps/v1');
  });
});
