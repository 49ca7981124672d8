// What the two webhook configurations share: defaults, rules, columns. Upstream: pkg/apis/admissionregistration.
import type { KindDefinition } from '../../kind.ts';
import { compileAdmissionExpression } from '../../schema/cel-admission.ts';
import type { KubeObject, Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import { ageColumn, column } from './columns.ts';
import { deprecated } from './deprecations.ts';
import { dnsSubdomain, labelSelector, oneOf } from './field-rules.ts';

export interface Webhook {
  name: string;
  clientConfig: {
    url?: string;
    service?: { name: string; namespace: string; port?: number; path?: string };
    caBundle?: string;
  };
  rules?: {
    operations?: string[];
    apiGroups?: string[];
    apiVersions?: string[];
    resources?: string[];
    scope?: string;
  }[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: object;
  objectSelector?: object;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: string[];
  reinvocationPolicy?: string;
  matchConditions?: { name?: string; expression?: string }[];
}
export interface WebhookConfiguration extends KubeObject {
  webhooks?: Webhook[];
}

export const GROUP = 'admissionregistration.k8s.io';
const MAX_CONDITIONS = 64;
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];

/** Upstream: validateMatchConditions in pkg/apis/admissionregistration/validation. */
function validateMatchConditions(errors: FieldErrors, path: string, conditions: Webhook['matchConditions'] = []): void {
  if (conditions.length > MAX_CONDITIONS) errors.tooMany(path, conditions.length, MAX_CONDITIONS);
  const names = new Set<string>();
  conditions.forEach(({ name = '', expression = '' }, i) => {
    const at = `${path}[${i}]`;
    if (expression.trim() === '') errors.required(`${at}.expression`);
    else {
      try {
        compileAdmissionExpression(expression);
      } catch (error) {
        const why = (error as Error).message.split('\n')[0];
        errors.invalid(`${at}.expression`, expression, `compilation failed: ERROR: <input>: ${why}`);
      }
    }
    if (name === '') errors.required(`${at}.name`);
    else if (names.has(name)) errors.duplicate(`${at}.name`, name);
    names.add(name);
  });
}

function validateWebhook(errors: FieldErrors, path: string, hook: Webhook): void {
  dnsSubdomain(errors, `${path}.name`, hook.name ?? '');
  if ((hook.name ?? '').split('.').length < 3) {
    errors.invalid(
      `${path}.name`,
      hook.name ?? '',
      'should be a domain with at least three segments separated by dots',
    );
  }
  hook.rules?.forEach((rule, i) => {
    for (const field of ['operations', 'apiGroups', 'apiVersions', 'resources'] as const) {
      if (!rule[field]?.length) errors.required(`${path}.rules[${i}].${field}`);
    }
    rule.operations?.forEach((operation, j) => {
      if (!OPERATIONS.includes(operation)) {
        errors.notSupported(`${path}.rules[${i}].operations[${j}]`, operation, OPERATIONS);
      }
    });
  });
  oneOf(errors, `${path}.failurePolicy`, hook.failurePolicy, ['Fail', 'Ignore']);
  oneOf(errors, `${path}.matchPolicy`, hook.matchPolicy, ['Equivalent', 'Exact']);
  if (!hook.sideEffects) errors.required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun');
  else if (hook.sideEffects !== 'None' && hook.sideEffects !== 'NoneOnDryRun') {
    errors.notSupported(`${path}.sideEffects`, hook.sideEffects, ['None', 'NoneOnDryRun']);
  }
  const seconds = hook.timeoutSeconds ?? 10;
  if (seconds < 1 || seconds > 30) {
    errors.invalid(`${path}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds');
  }
  labelSelector(errors, `${path}.namespaceSelector`, hook.namespaceSelector);
  labelSelector(errors, `${path}.objectSelector`, hook.objectSelector);
  validateMatchConditions(errors, `${path}.matchConditions`, hook.matchConditions);
  const { url, service } = hook.clientConfig ?? {};
  if ((url === undefined) === (service === undefined)) {
    errors.required(`${path}.clientConfig`, 'exactly one of url or service is required');
  }
  if (url !== undefined && !url.startsWith('https://')) {
    errors.invalid(`${path}.clientConfig.url`, url, "'https' is the only allowed URL scheme");
  }
  if (service && !service.name) errors.required(`${path}.clientConfig.service.name`);
  if (service && !service.namespace) errors.required(`${path}.clientConfig.service.namespace`);
  if (!hook.admissionReviewVersions?.length) {
    errors.required(`${path}.admissionReviewVersions`, 'must specify one of v1, v1beta1');
  } else if (!hook.admissionReviewVersions.some((v) => v === 'v1' || v === 'v1beta1')) {
    const why = 'must include at least one of v1, v1beta1';
    errors.invalid(`${path}.admissionReviewVersions`, hook.admissionReviewVersions, why);
  }
}

/** v1beta1 was more lenient: it ignored failures, and knew no side effects. */
function defaultsOfBeta1(draft: Unstructured): void {
  for (const hook of (draft['webhooks'] ?? []) as Webhook[]) {
    hook.failurePolicy ??= 'Ignore';
    hook.matchPolicy ??= 'Exact';
    hook.timeoutSeconds ??= 30;
    hook.admissionReviewVersions ??= ['v1beta1'];
    hook.sideEffects ??= 'None';
  }
}

export function webhookKind(kind: string, plural: string, mutating: boolean): KindDefinition<WebhookConfiguration> {
  const beta = { group: GROUP, version: 'v1beta1' };
  return {
    group: GROUP,
    kind,
    plural,
    categories: ['api-extensions'],
    scope: 'Cluster',
    storage: { group: GROUP, version: 'v1' },
    served: [
      { group: GROUP, version: 'v1' },
      { ...beta, defaults: defaultsOfBeta1, deprecated: deprecated(beta, kind, '1.16', '1.22', `${GROUP}/v1 ${kind}`) },
    ],
    generation: true,
    defaults(draft) {
      for (const hook of draft.webhooks ?? []) {
        hook.failurePolicy ??= 'Fail';
        hook.matchPolicy ??= 'Equivalent';
        hook.namespaceSelector ??= {};
        hook.objectSelector ??= {};
        hook.timeoutSeconds ??= 10;
        if (mutating) hook.reinvocationPolicy ??= 'Never';
        if (hook.clientConfig?.service) hook.clientConfig.service.port ??= 443;
        for (const rule of hook.rules ?? []) rule.scope ??= '*';
      }
    },
    validate(object, errors) {
      const names = new Set<string>();
      object.webhooks?.forEach((hook, i) => {
        validateWebhook(errors, `webhooks[${i}]`, hook);
        if (names.has(hook.name)) errors.duplicate(`webhooks[${i}].name`, hook.name);
        names.add(hook.name);
      });
    },
    columns: [
      column(
        'Webhooks',
        'integer',
        'Webhooks indicates the number of webhooks registered in this configuration',
        (c) => c.webhooks?.length ?? 0,
      ),
      ageColumn,
    ],
  };
}
