import { describe, expect, it } from 'vitest';
import { parseResourceArgs } from '../../../src/cli/builder/args.ts';
import { findResource, type Mapping } from '../../../src/cli/builder/mapper.ts';

describe('arguments', () => {
  it('are types and names', () => {
    expect(parseResourceArgs(['pods,svc'], 'x')).toEqual({ types: ['pods', 'svc'], names: [], tuples: [] });
    expect(parseResourceArgs(['pods', 'a', 'b'], 'x')).toEqual({ types: ['pods'], names: ['a', 'b'], tuples: [] });
  });
  it('are tuples', () => {
    const tuples = [
      { resource: 'a', name: 'c' },
      { resource: 'b', name: 'c' },
    ];
    expect(parseResourceArgs(['a/c', 'b/c'], 'x').tuples).toEqual(tuples);
    expect(parseResourceArgs(['a,b', 'c'], 'x').tuples).toEqual(tuples);
  });
  it.each([
    [['a/b/c'], 'arguments in resource/name form may not have more than one slash'],
    [['a/'], 'arguments in resource/name form must have a single resource and name'],
    [['a', 'b/c'], 'there is no need to specify a resource type as a separate argument'],
  ])('%j', (args, message) => {
    expect(() => parseResourceArgs(args, 'x')).toThrow(message);
  });
});

describe('names of resources', () => {
  const resource = (
    plural: string,
    group: string,
    version: string,
    kind: string,
    shortNames: string[] = [],
  ): Mapping => ({
    plural,
    group,
    version,
    kind,
    shortNames,
    singular: kind.toLowerCase(),
    namespaced: true,
    categories: [],
    verbs: [],
    subresources: [],
  });
  const all = [
    resource('pods', '', 'v1', 'Pod', ['po']),
    resource('deployments', 'apps', 'v1', 'Deployment', ['deploy']),
    resource('deployments', 'extensions', 'v1beta1', 'Deployment', ['deploy']),
    resource('widgets', 'sea.example.com', 'v2', 'Widget'),
  ];
  it.each([
    ['po', 'v1'],
    ['Pod', 'v1'],
    ['PODS', 'v1'],
    ['deploy', 'apps'],
    ['deployments.extensions', 'extensions'],
    ['deploy.v1.apps', 'apps'],
    ['deploy.v1beta1.extensions', 'extensions'],
    ['widget.sea', 'sea.example.com'],
    ['widgets.v2.sea.example.com', 'sea.example.com'],
  ])('%s', (arg, where) => {
    const found = findResource(all, arg);
    expect([found?.group, found?.version]).toContain(where);
  });
  it.each(['foo', 'pods.apps', 'deploy.v2.apps'])('%s is not there', (arg) => {
    expect(findResource(all, arg)).toBeUndefined();
  });
});
