// Webhook configurations, admission policies and their bindings.
import { describe, expect, it } from 'vitest';
import mutating from '../../../../src/api/kinds/admissionregistration/mutatingwebhookconfiguration.ts';
import policy from '../../../../src/api/kinds/admissionregistration/validatingadmissionpolicy.ts';
import binding from '../../../../src/api/kinds/admissionregistration/validatingadmissionpolicybinding.ts';
import type { AnyKind } from '../../../../src/api/kind.ts';
import { create, status, update } from '../lifecycle.ts';

type Fields = Record<string, unknown>;
const metadata = { name: 'x' };
const rule = (more: Fields = {}) => ({
  operations: ['*'],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: ['pods'],
  ...more,
});
const hook = (more: Fields = {}) => ({
  name: 'a.b.c',
  clientConfig: { url: 'https://a/b' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  rules: [rule()],
  ...more,
});
const hooks = (...list: Fields[]) => ({ metadata, webhooks: list });
const at = 'webhooks[0]';

describe('webhooks', () => {
  it.each<[string, object, string[]]>([
    ['are good', hooks(hook()), []],
    [
      'have names of three parts',
      hooks(hook({ name: 'a.b' }), hook({ name: '' }), hook(), hook()),
      [
        `${at}.name: Invalid value: "a.b": should be a domain with at least three segments separated by dots`,
        'webhooks[1].name: Required value',
        'webhooks[3].name: Duplicate value: "a.b.c"',
      ],
    ],
    [
      'do not mix everything with something',
      hooks(
        hook({
          rules: [
            rule({ operations: ['*', 'GET'], apiGroups: ['*', 'a'], apiVersions: ['*', ''] }),
            rule({ resources: ['pods/*', 'pods/status', '*/scale', 'x/scale', '*', 'pods', ''], scope: 'Some' }),
            rule({ resources: ['*/*', 'a'] }),
            rule({ resources: [] }),
          ],
        }),
      ),
      [
        `${at}.rules[0].operations: Invalid value: ["*","GET"]: if '*' is present, must not specify other operations`,
        `${at}.rules[0].operations[1]: Unsupported value: "GET": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"`,
        `${at}.rules[0].apiGroups: Invalid value: ["*","a"]: if '*' is present, must not specify other API groups`,
        `${at}.rules[0].apiVersions: Invalid value: ["*",""]: if '*' is present, must not specify other API versions`,
        `${at}.rules[0].apiVersions[1]: Required value`,
        `${at}.rules[1].resources[1]: Invalid value: "pods/status": if 'pods/*' is present, must not specify pods/status`,
        `${at}.rules[1].resources[3]: Invalid value: "x/scale": if '*/scale' is present, must not specify x/scale`,
        `${at}.rules[1].resources[6]: Required value`,
        `${at}.rules[1].resources: Invalid value: ["pods/*","pods/status","*/scale","x/scale","*","pods",""]: if '*' is present, must not specify other resources without subresources`,
        `${at}.rules[1].scope: Unsupported value: "Some": supported values: "*", "Cluster", "Namespaced"`,
        `${at}.rules[2].resources: Invalid value: ["*/*","a"]: if '*/*' is present, must not specify other resources`,
        `${at}.rules[3].resources: Required value`,
      ],
    ],
    [
      'say how they behave',
      hooks(
        hook({
          failurePolicy: 'Maybe',
          matchPolicy: 'Loose',
          sideEffects: 'Some',
          timeoutSeconds: 31,
          reinvocationPolicy: 'Always',
          admissionReviewVersions: ['v2', 'v2'],
        }),
        hook({ name: 'd.e.f', sideEffects: undefined, admissionReviewVersions: [] }),
      ),
      [
        `${at}.failurePolicy: Unsupported value: "Maybe": supported values: "Fail", "Ignore"`,
        `${at}.matchPolicy: Unsupported value: "Loose": supported values: "Equivalent", "Exact"`,
        `${at}.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"`,
        `${at}.timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds`,
        `${at}.reinvocationPolicy: Unsupported value: "Always": supported values: "IfNeeded", "Never"`,
        `${at}.admissionReviewVersions[1]: Invalid value: "v2": duplicate version`,
        `${at}.admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1`,
        'webhooks[1].sideEffects: Required value: must specify one of None, NoneOnDryRun',
        'webhooks[1].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
      ],
    ],
    [
      'are somewhere',
      hooks(
        hook({ clientConfig: {} }),
        hook({ name: 'b.b.c', clientConfig: { url: 'http://u:p@/x?a=b#c' } }),
        hook({ name: 'c.b.c', clientConfig: { service: { port: 70000, path: 'a//B' } } }),
      ),
      [
        `${at}.clientConfig: Required value: exactly one of url or service is required`,
        `webhooks[1].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme; desired format: https://host[/path]`,
        'webhooks[1].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
        'webhooks[1].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
        'webhooks[1].clientConfig.url: Invalid value: "c": fragments are not permitted in the URL',
        'webhooks[1].clientConfig.url: Invalid value: "a=b": query parameters are not permitted in the URL',
        'webhooks[2].clientConfig.service.name: Required value',
        'webhooks[2].clientConfig.service.namespace: Required value',
        'webhooks[2].clientConfig.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
        `webhooks[2].clientConfig.service.path: Invalid value: "a//B": must start with a '/'`,
        'webhooks[2].clientConfig.service.path: Invalid value: "a//B": segment[0] may not be empty',
        `webhooks[2].clientConfig.service.path: Invalid value: "a//B": segment[1] may not be empty`,
        expect.stringMatching(/segment\[2\]: a lowercase RFC 1123 subdomain/) as never,
      ],
    ],
  ])('%s', (_, document, expected) => {
    expect(create(mutating, document).errors).toEqual(expected);
  });

  it('that were wrong may stay so', () => {
    const bad = hook({
      sideEffects: 'Some',
      admissionReviewVersions: ['v2'],
      matchConditions: [{ name: 'a', expression: '!' }],
    });
    const old = create(mutating, hooks(bad, bad));
    expect(old.errors.length).toBeGreaterThan(3);
    expect(update(mutating, old.object, hooks(bad, bad)).errors).toEqual([]);
    const changed = { ...bad, matchConditions: [{ name: '-', expression: '' }] };
    expect(update(mutating, old.object, hooks(changed, bad)).errors).toEqual([
      `${at}.matchConditions[0].expression: Required value`,
      expect.stringMatching(/matchConditions\[0\].name: Invalid value: "-": name part must consist/),
      expect.stringMatching(/webhooks\[1\].matchConditions\[0\].expression: Invalid value: "!"/),
    ]);
  });
});

describe('policies', () => {
  const match = { resourceRules: [rule()] };
  const make = (spec: Fields) => ({
    metadata,
    spec: { matchConstraints: match, validations: [{ expression: 'true' }], ...spec },
  });
  const ref = (paramRef: Fields) => ({ metadata, spec: { policyName: 'p', validationActions: ['Deny'], paramRef } });
  it.each<[AnyKind, object, string[]]>([
    [policy, make({}), []],
    [
      policy,
      { metadata, spec: { failurePolicy: 'No' } },
      [
        'spec.failurePolicy: Unsupported value: "No": supported values: "Fail", "Ignore"',
        'spec.matchConstraints: Required value',
        'spec.validations: Required value: validations or auditAnnotations must contain at least one item',
        'spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
      ],
    ],
    [
      policy,
      make({
        paramKind: { apiVersion: 'a/b/c', kind: '_' },
        matchConstraints: { resourceRules: [rule({ resourceNames: ['a', 'a', '..'] })] },
        variables: [{ name: 'in', expression: '1' }, { name: ' ' }],
        validations: [{ message: 'a\nb', messageExpression: ' ', reason: 'Gone' }],
        auditAnnotations: [{ key: 'a', valueExpression: '1' }, { key: 'a' }],
      }),
      [
        'spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        expect.stringMatching(
          /^spec.paramKind.kind: Invalid value: "_": may have mixed case, but should otherwise match: a DNS-1035/,
        ) as never,
        'spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"',
        `spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "..": may not be '..'`,
        'spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
        'spec.variables[1].name: Required value: name is not specified',
        'spec.variables[1].expression: Required value: expression is not specified',
        'spec.validations[0].expression: Required value: expression is not specified',
        'spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
        'spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
        'spec.validations[0].reason: Unsupported value: "Gone": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
        'spec.auditAnnotations[1].valueExpression: Required value: valueExpression is not specified',
        'spec.auditAnnotations[1].key: Duplicate value: "a"',
      ],
    ],
    [binding, ref({ name: 'a', parameterNotFoundAction: 'Allow' }), []],
    [
      binding,
      ref({ name: 'a', selector: {} }),
      [
        'spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
        'spec.paramRef.parameterNotFoundAction: Required value',
      ],
    ],
    [
      binding,
      { metadata, spec: { policyName: 'P', validationActions: ['Deny', 'Warn', 'Warn', 'Log'] } },
      [
        expect.stringMatching(/^spec.policyName: Invalid value: "P"/) as never,
        'spec.validationActions[2]: Duplicate value: "Warn"',
        'spec.validationActions[3]: Unsupported value: "Log": supported values: "Audit", "Deny", "Warn"',
        expect.stringMatching(/must not contain both Deny and Warn/) as never,
      ],
    ],
    [
      binding,
      { metadata, spec: {} },
      [
        'spec.policyName: Required value',
        'spec.validationActions: Required value: at least one validation action is required',
      ],
    ],
  ])('$kind %#', (kind, document, expected) => {
    expect(create(kind, document).errors).toEqual(expected);
  });

  it('say in their status which expressions are doubtful', () => {
    expect(status(policy, {}, { typeChecking: { expressionWarnings: [{}] } })).toEqual([
      'status.typeChecking.expressionWarnings[0].warning: Required value',
      'status.typeChecking.expressionWarnings[0].fieldRef: Required value',
    ]);
  });
});
