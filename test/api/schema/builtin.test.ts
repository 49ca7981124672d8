// The schema data: that it is what the build makes, and that what others rely on is in it.
import { describe, expect, it } from 'vitest';
import { isStale } from '../../../scripts/build-schema.ts';
import {
  builtinDefinitionNames,
  builtinSchemas,
  definitionNameOf,
  kindsOfDefinition,
} from '../../../src/api/schema/builtin.ts';
import { loadDescriptions } from '../../../src/api/schema/descriptions.ts';
import type { Schema } from '../../../src/api/schema/schema.ts';

const core = 'io.k8s.api.core.v1';

describe('the generated data', () => {
  it('is what `npx tsx scripts/build-schema.ts` makes', { timeout: 30_000 }, () => {
    expect(isStale()).toEqual([]);
  });

  it('refers only to definitions that it has', () => {
    const missing: string[] = [];
    const walk = (schema: Schema | undefined | boolean, at: string): void => {
      if (typeof schema !== 'object') return;
      if (schema.ref !== undefined && !builtinSchemas.definition(schema.ref)) missing.push(`${at}: ${schema.ref}`);
      for (const [name, inner] of Object.entries(schema.properties ?? {})) walk(inner, `${at}.${name}`);
      walk(schema.items, `${at}[]`);
      walk(schema.additionalProperties, `${at}{}`);
    };
    for (const name of builtinDefinitionNames()) walk(builtinSchemas.definition(name), name);
    expect(missing).toEqual([]);
  });

  it('has merge keys, list types, defaults, enums and zero values', () => {
    const port = builtinSchemas.definition(`${core}.ContainerPort`)!.properties!['protocol'];
    expect(port).toEqual({ type: 'string', default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] });
    expect(builtinSchemas.definition(`${core}.Container`)!.properties!['ports']).toEqual({
      type: 'array',
      items: { ref: `${core}.ContainerPort` },
      listType: 'map',
      listMapKeys: ['containerPort', 'protocol'],
      patchStrategy: 'merge',
      patchMergeKey: 'containerPort',
    });
    expect(builtinSchemas.definition('io.k8s.api.apps.v1.DeploymentSpec')!.properties!['strategy']).toMatchObject({
      patchStrategy: 'retainKeys',
      zero: {},
    });
    expect(builtinSchemas.definition(`${core}.ResourceRequirements`)!.properties!['limits']).toEqual({
      type: 'object',
      additionalProperties: { ref: 'io.k8s.apimachinery.pkg.api.resource.Quantity' },
    });
  });

  it('finds kinds in both directions', () => {
    expect(definitionNameOf('rbac.authorization.k8s.io', 'v1', 'Role')).toBe('io.k8s.api.rbac.v1.Role');
    expect(kindsOfDefinition(`${core}.Pod`)).toEqual([{ group: '', version: 'v1', kind: 'Pod' }]);
    expect(kindsOfDefinition(`${core}.PodSpec`)).toEqual([]);
    expect(builtinSchemas.forKind('apps', 'v1', 'Nope')).toBeUndefined();
  });

  it('describes types and fields, those that refer to other types too', async () => {
    const texts = await loadDescriptions();
    expect(texts.ofField(`${core}.PodSpec`, 'affinity')).toBe("If specified, the pod's scheduling constraints");
    expect(texts.ofDefinition(`${core}.Pod`)).toContain('collection of containers');
    expect(texts.ofField(`${core}.Nope`, 'x')).toBeUndefined();
  });
});

describe('API versions that upstream has removed', () => {
  it('have the shape that they had', () => {
    const deployment = builtinSchemas.forKind('extensions', 'v1beta1', 'Deployment')!.properties!['spec']!;
    expect(Object.keys(deployment.properties!)).toContain('rollbackTo');
    expect(deployment.properties!['template']).toEqual({ ref: `${core}.PodTemplateSpec`, zero: {} });
    const ingress = builtinSchemas.forKind('networking.k8s.io', 'v1beta1', 'Ingress')!.properties!['spec']!;
    expect(Object.keys(ingress.properties!).sort()).toEqual(['backend', 'ingressClassName', 'rules', 'tls']);
    expect(builtinSchemas.forKind('extensions', 'v1beta1', 'Pod')).toBeUndefined();
  });
});
