// Another server's OpenAPI v2 document below ours.
import { expect, it } from 'vitest';
import { mergeOpenApiV2 } from '../../../../src/server/apiserver/openapi/merge.ts';

const ref = (name: string) => ({ $ref: `#/definitions/${name}` });
const local = {
  swagger: '2.0',
  paths: { '/apis/a': { get: 'ours' } },
  definitions: {
    'com.example.Same': { type: 'object' },
    'com.example.Other': { type: 'object', description: 'ours' },
    'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { description: 'ours' },
  },
};

it('keeps ours, shares what is equal, and renames what is not', () => {
  const merged = mergeOpenApiV2(local, {
    paths: { '/apis/a': { get: 'theirs' }, '/apis/b': { get: [ref('com.example.Other'), ref('com.example.Same')] } },
    definitions: {
      'com.example.Same': { type: 'object' },
      'com.example.Other': {
        type: 'object',
        properties: { more: ref('com.example.Deep'), self: ref('com.example.Other') },
      },
      'com.example.Deep': { properties: { metadata: ref('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') } },
      'com.example.Unused': {},
      'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta': { description: 'theirs' },
    },
  });
  expect(merged).toEqual({
    swagger: '2.0',
    paths: { '/apis/a': { get: 'ours' }, '/apis/b': { get: [ref('com.example.Other_v2'), ref('com.example.Same')] } },
    definitions: {
      ...local.definitions,
      'com.example.Other_v2': {
        type: 'object',
        properties: { more: ref('com.example.Deep'), self: ref('com.example.Other_v2') },
      },
      'com.example.Deep': { properties: { metadata: ref('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') } },
    },
  });
});
