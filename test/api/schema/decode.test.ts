// What decoding does with an object: unknown fields, types in Go's words, defaults.
import { describe, expect, it } from 'vitest';
import { builtinSchemas as source } from '../../../src/api/schema/builtin.ts';
import { checkTypes, decodeError } from '../../../src/api/schema/check-types.ts';
import { applyDefaults } from '../../../src/api/schema/defaults.ts';
import { fromCrdSchema } from '../../../src/api/schema/from-crd.ts';
import { pruneUnknown, strictDecodingError, unknownField } from '../../../src/api/schema/prune.ts';

const deployment = source.forKind('apps', 'v1', 'Deployment')!;

describe('pruneUnknown', () => {
  it('removes and names unknown fields', () => {
    const draft = {
      apiVersion: 'apps/v1',
      metadata: { name: 'x', labels: { any: 'thing' }, lables: {} },
      spec: { replica: 3, template: { spec: { containers: [{ name: 'a', imagee: 'x' }] } } },
    };
    const paths = pruneUnknown(draft, deployment, source);
    expect(paths).toEqual(['metadata.lables', 'spec.replica', 'spec.template.spec.containers[0].imagee']);
    expect(draft.spec).toEqual({ template: { spec: { containers: [{ name: 'a' }] } } });
    expect(strictDecodingError(paths.slice(1, 2).map(unknownField))).toBe(
      'strict decoding error: unknown field "spec.replica"',
    );
  });

  it('keeps what custom resources preserve, and prunes inside what they specify', () => {
    const schema = fromCrdSchema({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          'x-kubernetes-preserve-unknown-fields': true,
          properties: { known: { type: 'object', properties: { a: { type: 'string' } } } },
        },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: { type: 'object' } } },
      },
    });
    const draft = {
      spec: { other: { x: 1 }, known: { a: 'a', b: 1 } },
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'n', nme: 'x' }, status: {} },
    };
    expect(pruneUnknown(draft, schema, source)).toEqual(['spec.known.b', 'template.metadata.nme', 'template.status']);
    expect(draft.spec).toEqual({ other: { x: 1 }, known: { a: 'a' } });
  });
});

describe('checkTypes', () => {
  it.each([
    [
      { spec: { replicas: '3' } },
      'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      { spec: { replicas: 3_000_000_000 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ spec: 'x' }, 'json: cannot unmarshal string into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [
      { spec: { template: { spec: { containers: {} } } } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      { metadata: { creationTimestamp: 'yesterday' } },
      'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
    ],
    [
      { spec: { strategy: { rollingUpdate: { maxSurge: true } } } },
      'json: cannot unmarshal bool into Go value of type int32',
    ],
    [
      { spec: { template: { spec: { containers: [{ resources: { limits: { cpu: '1x' } } }] } } } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('words the error of %j as Go does', (object, message) => {
    expect(checkTypes(object, deployment, source, 'Deployment')).toBe(message);
  });

  it('takes null, numbers for quantities, and either form of int-or-string', () => {
    const limits = { cpu: 1, memory: '1Gi' };
    const object = {
      metadata: { creationTimestamp: null },
      spec: {
        strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
        template: { spec: { containers: [{ name: 'a', resources: { limits } }] } },
      },
    };
    expect(checkTypes(object, deployment, source, 'Deployment')).toBeUndefined();
  });

  it('checks base64', () => {
    const secret = source.forKind('', 'v1', 'Secret')!;
    expect(checkTypes({ data: { a: 'aGk=' } }, secret, source, 'Secret')).toBeUndefined();
    expect(checkTypes({ data: { a: 'a*b=' } }, secret, source, 'Secret')).toBe('illegal base64 data at input byte 1');
    expect(decodeError('v1', 'Secret', 'x')).toBe('Secret in version "v1" cannot be handled as a Secret: x');
  });
});

describe('applyDefaults', () => {
  it('fills in defaults of items', () => {
    const draft = { spec: { ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }] } };
    applyDefaults(draft, source.forKind('', 'v1', 'Service')!, source);
    expect(draft.spec.ports).toEqual([
      { port: 80, protocol: 'TCP' },
      { port: 53, protocol: 'UDP' },
    ]);
  });

  it('fills in nested defaults, replaces nulls that may not be, and copies', () => {
    const fallback = { n: { x: 1 } };
    const schema = fromCrdSchema({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          default: {},
          properties: {
            a: { type: 'object', default: fallback, 'x-kubernetes-preserve-unknown-fields': true },
            b: { type: 'string', default: 'b' },
            c: { type: 'string', nullable: true, default: 'c' },
          },
        },
      },
    });
    const empty: { spec?: { a?: unknown } } = {};
    applyDefaults(empty, schema, source);
    expect(empty).toEqual({ spec: { a: fallback, b: 'b', c: 'c' } });
    expect(empty.spec?.a).not.toBe(fallback);
    const nulls = { spec: { b: null, c: null } };
    applyDefaults(nulls, schema, source);
    expect(nulls.spec).toEqual({ a: fallback, b: 'b', c: null });
  });
});
