import { describe, expect, it } from 'vitest';
import { type AnyKind, defineKind } from '../../src/api/kind.ts';
import { compareVersions, createRegistry } from '../../src/api/registry.ts';

const kind = (group: string, name: string, plural: string, ...versions: string[]): AnyKind =>
  defineKind({
    group,
    kind: name,
    plural,
    scope: 'Namespaced',
    storage: { group, version: versions[0]! },
    served: versions.map((version) => ({ group, version })),
  });

describe('registry', () => {
  const pod = kind('', 'Pod', 'pods', 'v1');
  const deployment = kind('apps', 'Deployment', 'deployments', 'v1', 'v1beta1');
  const widget = kind('example.com', 'Widget', 'widgets', 'v2alpha1', 'v1');

  it('finds by resource and by kind, and lists groups in the order of discovery', () => {
    const registry = createRegistry([widget, deployment, pod]);
    expect(registry.byResource('', 'v1', 'pods')?.definition).toBe(pod);
    expect(registry.byKind('apps', 'v1beta1', 'Deployment')?.version).toBe('v1beta1');
    expect(registry.definition('apps', 'deployments')).toBe(deployment);
    expect(registry.groups()).toEqual([
      { group: '', versions: ['v1'], preferredVersion: 'v1' },
      { group: 'apps', versions: ['v1', 'v1beta1'], preferredVersion: 'v1' },
      { group: 'example.com', versions: ['v1', 'v2alpha1'], preferredVersion: 'v1' },
    ]);
  });

  it('grows and shrinks at run time', () => {
    const registry = createRegistry([pod]);
    const before = registry.generation;
    registry.add(widget);
    expect(registry.resources('example.com', 'v1').map((r) => r.definition.kind)).toEqual(['Widget']);
    expect(registry.remove(widget)).toBe(true);
    expect(registry.remove(widget)).toBe(false);
    expect(registry.byKind('example.com', 'v1', 'Widget')).toBeUndefined();
    expect(registry.groups()).toHaveLength(1);
    expect(registry.generation).toBe(before + 2);
  });

  it('a newer record of the same kind replaces the older, and removing the older leaves it', () => {
    const registry = createRegistry([widget]);
    const newer = kind('example.com', 'Widget', 'widgets', 'v1');
    registry.add(newer);
    registry.remove(widget);
    expect(registry.byResource('example.com', 'v1', 'widgets')?.definition).toBe(newer);
  });

  it('orders versions as upstream does', () => {
    const versions = ['v1alpha1', 'foo', 'v1', 'v2beta1', 'v10', 'v1beta2', 'v2'];
    expect(versions.sort(compareVersions)).toEqual(['v10', 'v2', 'v1', 'v2beta1', 'v1beta2', 'v1alpha1', 'foo']);
  });
});
