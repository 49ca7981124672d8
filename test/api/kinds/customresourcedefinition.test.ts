// Definitions of custom resources that are refused, with upstream's messages and paths, and what an update may not do.
// Upstream: apiextensions-apiserver pkg/apis/apiextensions/validation/validation_test.go.
import { describe, expect, it } from 'vitest';
import definition from '../../../src/api/kinds/apiextensions/customresourcedefinition.ts';
import type { CustomResourceDefinition, Version } from '../../../src/api/kinds/apiextensions/_types.ts';
import { FieldErrors } from '../../../src/api/validation.ts';

type Change = (crd: CustomResourceDefinition) => void;
const version = (name: string, more: Partial<Version> = {}): Version => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: { a: { type: 'string' }, l: { type: 'array', items: { type: 'string' } } },
        },
      },
    },
  },
  ...more,
});

function made(change: Change = () => {}): CustomResourceDefinition {
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [version('v1')],
    },
  } as unknown as CustomResourceDefinition;
  change(crd);
  definition.defaults!(crd);
  definition.prepareCreate!(crd, () => {});
  return crd;
}
const texts = (errors: FieldErrors): string => errors.list.map((e) => `${e.field}: ${e.body}`).join('\n');
function refused(change: Change): string {
  const errors = new FieldErrors();
  definition.validateCreate!(made(change), errors);
  return texts(errors);
}
function refusedUpdate(change: Change, before: Change = () => {}): string {
  const old = made(before);
  old.status!.conditions = [{ type: 'Established', status: 'True' }];
  const crd = structuredClone(old);
  change(crd);
  definition.defaults!(crd);
  definition.prepareUpdate!(crd, old);
  const errors = new FieldErrors();
  definition.validateUpdate!(crd, old, errors);
  return texts(errors);
}
const schema = (crd: CustomResourceDefinition): Record<string, never> =>
  crd.spec.versions[0]!.schema!.openAPIV3Schema as Record<string, never>;
const spec = (crd: CustomResourceDefinition): { properties: Record<string, object> } & Record<string, unknown> =>
  (schema(crd) as unknown as { properties: { spec: never } }).properties.spec;
const rule =
  (text: string, more: object = {}): Change =>
  (crd) => {
    spec(crd)['x-kubernetes-validations'] = [{ rule: text, ...more }];
  };
const at = 'spec.validation.openAPIV3Schema.properties[spec]';

it('a good one passes', () => expect(refused(() => {})).toBe(''));

describe('a definition', () => {
  it.each<[string, Change]>([
    [
      'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
      (c) => (c.metadata!.name = 'x.example.com'),
    ],
    ['spec.group: Required value', (c) => (c.spec.group = '')],
    [
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
      (c) => (c.spec.group = 'example'),
    ],
    [
      'spec.scope: Unsupported value: "Other": supported values: "Cluster", "Namespaced"',
      (c) => (c.spec.scope = 'Other'),
    ],
    ['spec.names.kind: Required value', (c) => (c.spec.names.kind = '')],
    [
      'spec.names.listKind: Invalid value: "Gadget": kind and listKind may not be the same',
      (c) => (c.spec.names.listKind = 'Gadget'),
    ],
    [
      'spec.names.kind: Invalid value: "Ga_dget": may have mixed case, but should otherwise match: ',
      (c) => (c.spec.names.kind = 'Ga_dget'),
    ],
    ['spec.names.shortNames[0]: Invalid value: "G!"', (c) => (c.spec.names.shortNames = ['G!'])],
    ['must have exactly one version marked as storage version', (c) => (c.spec.versions[0]!.storage = false)],
    ['must contain unique version names', (c) => c.spec.versions.push(version('v1', { storage: false }))],
    ['spec.versions[0].schema.openAPIV3Schema: Required value', (c) => delete c.spec.versions[0]!.schema],
    ['spec.versions[0].name: Invalid value: "V1"', (c) => (c.spec.versions[0]!.name = 'V1')],
    [
      'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
      (c) => (c.spec.versions[0]!.deprecationWarning = 'old'),
    ],
    [
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true',
      (c) => (c.spec.preserveUnknownFields = true),
    ],
    [
      'spec.additionalPrinterColumns[0].type: Invalid value: "object": must be one of boolean,date,integer,number,string',
      (c) => (c.spec.versions[0]!.additionalPrinterColumns = [{ name: 'a', type: 'object', jsonPath: '.a' }]),
    ],
    [
      'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": must be a simple json path starting with .',
      (c) => (c.spec.versions[0]!.additionalPrinterColumns = [{ name: 'a', type: 'string', jsonPath: 'a' }]),
    ],
    [
      'spec.additionalPrinterColumns[0].format: Invalid value: "x": must be one of byte,date,date-time,double,float,int32,int64,password',
      (c) =>
        (c.spec.versions[0]!.additionalPrinterColumns = [{ name: 'a', type: 'string', format: 'x', jsonPath: '.a' }]),
    ],
    [
      'spec.subresources.scale.specReplicasPath: Invalid value: ".status.r": should be a json path under .spec',
      (c) =>
        (c.spec.versions[0]!.subresources = {
          scale: { specReplicasPath: '.status.r', statusReplicasPath: '.status.r' },
        }),
    ],
    [
      'spec.subresources.scale.statusReplicasPath: Required value',
      (c) => (c.spec.versions[0]!.subresources = { scale: { specReplicasPath: '.spec.r' } }),
    ],
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.b": is an invalid path: does not refer to a valid field',
      (c) => (c.spec.versions[0]!.selectableFields = [{ jsonPath: '.spec.b' }]),
    ],
    [
      'spec.selectableFields[0].jsonPath: Invalid value: ".spec.l": must point to a field of type string, boolean or integer.',
      (c) => (c.spec.versions[0]!.selectableFields = [{ jsonPath: '.spec.l' }]),
    ],
    [
      'spec.selectableFields[1].jsonPath: Duplicate value: ".spec.a"',
      (c) => (c.spec.versions[0]!.selectableFields = [{ jsonPath: '.spec.a' }, { jsonPath: '.spec.a' }]),
    ],
    [
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
      (c) => (c.spec.conversion = { strategy: 'Webhook' }),
    ],
    [
      'spec.conversion.conversionReviewVersions: Required value',
      (c) => (c.spec.conversion = { strategy: 'Webhook', webhook: { clientConfig: { url: 'https://a/' } } }),
    ],
    [
      'spec.conversion.webhookClientConfig.url: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      (c) =>
        (c.spec.conversion = {
          strategy: 'Webhook',
          webhook: { clientConfig: { url: 'http://a/' }, conversionReviewVersions: ['v1'] },
        }),
    ],
    [
      'spec.conversion.conversionReviewVersions: Invalid value: ["v3"]: must include at least one of v1, v1beta1',
      (c) =>
        (c.spec.conversion = {
          strategy: 'Webhook',
          webhook: { clientConfig: { url: 'https://a/' }, conversionReviewVersions: ['v3'] },
        }),
    ],
    [
      'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
      (c) => (c.spec.conversion = { strategy: 'None', webhook: { clientConfig: { url: 'https://a/' } } }),
    ],
  ])('%s', (message, change) => {
    expect(refused(change)).toContain(message);
  });

  it('whose versions differ has errors at each', () => {
    const bad = version('v2', { schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } });
    expect(refused((c) => c.spec.versions.push(bad))).toContain(
      'spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    );
  });

  it.each([
    [undefined, 'protected groups must have approval annotation "api-approved.kubernetes.io"'],
    ['nope', 'with either a URL or a reason starting with "unapproved"'],
    ['unapproved, for tests', ''],
    ['https://github.com/kubernetes/kubernetes/pull/1', ''],
  ])('of a group of Kubernetes with approval %j', (approval, message) => {
    const errors = refused((c) => {
      c.spec.group = 'x.k8s.io';
      c.metadata = {
        name: 'gadgets.x.k8s.io',
        ...(approval ? { annotations: { 'api-approved.kubernetes.io': approval } } : {}),
      };
    });
    if (message === '') expect(errors).toBe('');
    else expect(errors).toContain(message);
  });
});

describe('a rule', () => {
  it.each<[string, Change]>([
    [`${at}.x-kubernetes-validations[0].rule: Required value: rule is not specified`, rule(' ')],
    ["compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 'x'\n | ....^", rule("self.b == 'x'")],
    ['cel expression must evaluate to a bool', rule('self.a')],
    ['messageExpression must evaluate to a string', rule("self.a == ''", { messageExpression: '1 + 1' })],
    [
      'messageExpression compilation failed: ERROR: <input>:1:1: undeclared reference',
      rule("self.a == ''", { messageExpression: 'x' }),
    ],
    [
      `${at}.x-kubernetes-validations[0].message: Required value: message must be specified if rule contains line breaks`,
      rule("self.a\n== ''"),
    ],
    [
      `${at}.x-kubernetes-validations[0].reason: Unsupported value: "No": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
      rule("self.a == ''", { reason: 'No' }),
    ],
    [
      `${at}.x-kubernetes-validations[0].fieldPath: Invalid value: ".b": must be a valid path`,
      rule("self.a == ''", { fieldPath: '.b' }),
    ],
    [
      `${at}.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule`,
      rule("self.a == ''", { optionalOldSelf: true }),
    ],
    [
      `${at}.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x`,
      rule('self.l.all(x, self.l.all(y, x == y))'),
    ],
    [
      'spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget',
      rule('self.l.all(x, self.l.all(y, x == y))'),
    ],
    [
      `oldSelf cannot be used on the uncorrelatable portion of the schema within ${at}.properties[l]`,
      (c) =>
        (spec(c).properties['l'] = {
          type: 'array',
          items: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
        }),
    ],
  ])('%s', (message, change) => {
    expect(refused(change)).toContain(message);
  });

  it('sees escaped names, the name of the object, and what formats mean', () => {
    const change: Change = (c) => {
      spec(c).properties['a.b-c/d'] = { type: 'string', format: 'date-time' };
      spec(c).properties['namespace'] = { type: 'integer' };
      spec(c)['x-kubernetes-validations'] = [
        { rule: "self.a__dot__b__dash__c__slash__d > timestamp('2000-01-01T00:00:00Z') && self.__namespace__ > 1" },
      ];
      (schema(c) as Record<string, unknown>)['x-kubernetes-validations'] = [
        { rule: "self.metadata.name.startsWith('a') && self.kind == 'Gadget' && self.apiVersion != ''" },
      ];
    };
    expect(refused(change)).toBe('');
  });

  it('that became too expensive stays when nothing changed', () => {
    const expensive = rule('self.l.all(x, self.l.all(y, x == y))');
    expect(refusedUpdate((c) => (c.spec.names.shortNames = ['gd']), expensive)).not.toContain(
      'estimated rule cost exceeds',
    );
  });
});

describe('an update', () => {
  it.each<[string, Change]>([
    ['spec.group: Invalid value: "example.org": field is immutable', (c) => (c.spec.group = 'example.org')],
    ['spec.names.plural: Invalid value: "others": field is immutable', (c) => (c.spec.names.plural = 'others')],
    ['spec.scope: Invalid value: "Cluster": field is immutable', (c) => (c.spec.scope = 'Cluster')],
    ['spec.names.kind: Invalid value: "Other": field is immutable', (c) => (c.spec.names.kind = 'Other')],
    [
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version',
      (c) => (c.spec.versions = [version('v2', { storage: true })]),
    ],
  ])('%s', (message, change) => {
    expect(refusedUpdate(change)).toContain(message);
  });
});

describe('an old definition', () => {
  const list = (type: string, items: object, more: object = {}): Change => {
    return (crd) => {
      spec(crd).properties['old'] = { type: 'array', 'x-kubernetes-list-type': type, items, ...more };
    };
  };
  const nullable = { type: 'string', nullable: true };
  const keyed = { 'x-kubernetes-list-map-keys': ['k'] };
  const noDefault = { type: 'object', properties: { k: { type: 'string' } } };
  const addition: Change = (crd) => (spec(crd).properties['more'] = { type: 'string' });

  it.each<[string, Change]>([
    ['items.nullable: Forbidden: cannot be nullable', list('set', nullable)],
    ['items.x-kubernetes-map-type: Invalid value: null: must be atomic', list('set', { type: 'object' })],
    ['properties[k].default: Required value', list('map', noDefault, keyed)],
    ['properties[old].type: Unsupported value: "text"', (crd) => (spec(crd).properties['old'] = { type: 'text' })],
  ])('may keep what is refused of a new one: %s', (message, mistake) => {
    expect(refused(mistake)).toContain(message);
    expect(refusedUpdate(mistake)).toContain(message);
    expect(refusedUpdate(addition, mistake)).toBe('');
  });
});

it('warns of formats that nobody checks', () => {
  const crd = made((c) => (spec(c).properties['a'] = { type: 'string', format: 'nope' }));
  expect(definition.warnings!(crd, undefined)).toEqual(['unrecognized format "nope"']);
  expect(definition.warnings!(crd, crd)).toEqual([]);
});

it('looks for formats in a schema with a number that JavaScript has no number for', () => {
  const crd = made((c) => (spec(c).properties['a'] = { type: 'integer', maximum: 9223372036854775807n }));
  expect(definition.warnings!(crd, undefined)).toEqual([]);
});
