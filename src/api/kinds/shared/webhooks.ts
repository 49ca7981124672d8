// What the two webhook configurations share: defaults, rules, columns. Upstream: pkg/apis/admissionregistration.
import { semanticEqual } from '../../equal.ts';
import type { KindDefinition, ServedVersion } from '../../kind.ts';
import { compileAdmissionExpression } from '../../schema/cel-admission.ts';
import type { KubeObject, Unstructured } from '../../types.ts';
import type { FieldErrors } from '../../validation.ts';
import {
  FAILURE_POLICIES,
  MATCH_POLICIES,
  type Rule,
  fullyQualifiedName,
  knowsVersion,
  validateReviewVersions,
  validateRule,
} from './admission-rules.ts';
import { ageColumn, column } from './columns.ts';
import { deprecated } from './deprecations.ts';
import { labelSelector, optionalOneOf, qualifiedName } from './field-rules.ts';
import { validateClientConfig } from './webhook-client.ts';

export interface Webhook {
  name: string;
  clientConfig: {
    url?: string;
    service?: { name: string; namespace: string; port?: number; path?: string };
    caBundle?: string;
  };
  rules?: Rule[];
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
const ALL_SIDE_EFFECTS = ['None', 'NoneOnDryRun', 'Some', 'Unknown'];
const NO_SIDE_EFFECTS = ['None', 'NoneOnDryRun'];

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
        errors.invalid(`${at}.expression`, expression, (error as Error).message);
      }
    }
    if (name === '') errors.required(`${at}.name`);
    else {
      qualifiedName(errors, `${at}.name`, name);
      if (names.has(name)) errors.duplicate(`${at}.name`, name);
    }
    names.add(name);
  });
}

/** What the old configuration did wrong may stay wrong. Upstream: validationOptions. */
interface Strictness {
  matchConditions: boolean;
  sideEffects: boolean;
  versions: boolean;
  names: boolean;
}
const STRICT: Strictness = { matchConditions: true, sideEffects: true, versions: true, names: true };
const BETA1: Strictness = { matchConditions: true, sideEffects: false, versions: true, names: false };

function strictness(now: readonly Webhook[], old: readonly Webhook[]): Strictness {
  return {
    matchConditions:
      now.length !== old.length ||
      !old.every((hook, i) => semanticEqual(hook.matchConditions, now[i]!.matchConditions)),
    sideEffects: old.every((hook) => NO_SIDE_EFFECTS.includes(hook.sideEffects ?? '')),
    versions: old.every(({ admissionReviewVersions: v = [] }) => v.length === 0 || knowsVersion(v)),
    names: new Set(old.map((hook) => hook.name)).size === old.length,
  };
}

function policies(errors: FieldErrors, path: string, hook: Webhook, strict: Strictness): void {
  optionalOneOf(errors, `${path}.failurePolicy`, hook.failurePolicy, FAILURE_POLICIES);
  optionalOneOf(errors, `${path}.matchPolicy`, hook.matchPolicy, MATCH_POLICIES);
  const effects = strict.sideEffects ? NO_SIDE_EFFECTS : ALL_SIDE_EFFECTS;
  if (hook.sideEffects == null) errors.required(`${path}.sideEffects`, `must specify one of ${effects.join(', ')}`);
  else if (!effects.includes(hook.sideEffects)) errors.notSupported(`${path}.sideEffects`, hook.sideEffects, effects);
  const seconds = hook.timeoutSeconds;
  if (seconds != null && (seconds < 1 || seconds > 30)) {
    errors.invalid(`${path}.timeoutSeconds`, seconds, 'the timeout value must be between 1 and 30 seconds');
  }
}

function validateWebhook(errors: FieldErrors, path: string, hook: Webhook, strict: Strictness): void {
  fullyQualifiedName(errors, `${path}.name`, hook.name);
  hook.rules?.forEach((rule, i) => validateRule(errors, `${path}.rules[${i}]`, rule));
  policies(errors, path, hook, strict);
  labelSelector(errors, `${path}.namespaceSelector`, hook.namespaceSelector);
  labelSelector(errors, `${path}.objectSelector`, hook.objectSelector);
  optionalOneOf(errors, `${path}.reinvocationPolicy`, hook.reinvocationPolicy, ['IfNeeded', 'Never']);
  validateClientConfig(errors, `${path}.clientConfig`, hook.clientConfig ?? {});
  if (strict.matchConditions) validateMatchConditions(errors, `${path}.matchConditions`, hook.matchConditions);
  validateReviewVersions(errors, `${path}.admissionReviewVersions`, hook.admissionReviewVersions, strict.versions);
}

function validateAll(errors: FieldErrors, webhooks: readonly Webhook[] = [], strict: Strictness): void {
  const names = new Set<string>();
  webhooks.forEach((hook, i) => {
    validateWebhook(errors, `webhooks[${i}]`, hook, strict);
    if (strict.names && hook.name && names.has(hook.name)) errors.duplicate(`webhooks[${i}].name`, hook.name);
    names.add(hook.name);
  });
}

/** v1beta1 was more lenient: it ignored failures, and side effects could be unknown, which refuses every dry run. */
function defaultsOfBeta1(draft: Unstructured): void {
  for (const hook of (draft['webhooks'] ?? []) as Webhook[]) {
    hook.failurePolicy ??= 'Ignore';
    hook.matchPolicy ??= 'Exact';
    hook.timeoutSeconds ??= 30;
    hook.admissionReviewVersions ??= ['v1beta1'];
    hook.sideEffects ??= 'Unknown';
  }
}

export function webhookKind(kind: string, plural: string, mutating: boolean): KindDefinition<WebhookConfiguration> {
  const beta = { group: GROUP, version: 'v1beta1' };
  const old: ServedVersion = {
    ...beta,
    defaults: defaultsOfBeta1,
    deprecated: deprecated(beta, kind, '1.16', '1.22', `${GROUP}/v1 ${kind}`),
  };
  const definition: KindDefinition<WebhookConfiguration> = {
    group: GROUP,
    kind,
    plural,
    categories: ['api-extensions'],
    scope: 'Cluster',
    storage: { group: GROUP, version: 'v1' },
    served: [{ group: GROUP, version: 'v1' }, old],
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
    unconditionalUpdate: false,
    validateCreate: ({ webhooks }, errors) => validateAll(errors, webhooks, STRICT),
    validateUpdate: ({ webhooks = [] }, old, errors) =>
      validateAll(errors, webhooks, strictness(webhooks, old.webhooks ?? [])),
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
  const validateCreate: (typeof definition)['validateCreate'] = ({ webhooks }, errors) =>
    validateAll(errors, webhooks, BETA1);
  old.definition = { ...definition, validateCreate };
  return definition;
}
