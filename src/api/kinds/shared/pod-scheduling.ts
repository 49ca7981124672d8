// Rules for where a pod may run: affinity, tolerations, topology spread. Upstream: validateAffinity,
// ValidateTolerations, validateTopologySpreadConstraints.
import type * as core from 'kubernetes-types/core/v1.js';
import { dns1123LabelErrors, dns1123SubdomainErrors, labelValueErrors } from '../../names.ts';
import type { LabelSelector } from '../../selector.ts';
import type { FieldErrors } from '../../validation.ts';
import { labelSelector, push, qualifiedName } from './field-rules.ts';
import type { PodSpec } from './pod-types.ts';

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function nodeRequirement(
  errors: FieldErrors,
  path: string,
  r: core.NodeSelectorRequirement,
  checkValues: boolean,
): void {
  const values = r.values ?? [];
  switch (r.operator) {
    case 'In':
    case 'NotIn':
      if (!values.length) errors.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length) {
        errors.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    case 'Gt':
    case 'Lt':
      if (values.length !== 1) {
        errors.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      }
      break;
    default:
      errors.invalid(`${path}.operator`, r.operator ?? '', 'not a valid selector operator');
  }
  qualifiedName(errors, `${path}.key`, r.key ?? '');
  if (checkValues) values.forEach((value, i) => push(errors, `${path}.values[${i}]`, value, labelValueErrors(value)));
}

function nodeFieldRequirement(errors: FieldErrors, path: string, r: core.NodeSelectorRequirement): void {
  if (r.operator !== 'In' && r.operator !== 'NotIn') {
    errors.invalid(`${path}.operator`, r.operator ?? '', 'not a valid selector operator');
  } else if (r.values?.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.required(`${path}.values`, why);
  }
  if (r.key !== 'metadata.name') errors.invalid(`${path}.key`, r.key ?? '', 'not a valid field selector key');
  else r.values?.forEach((value, i) => push(errors, `${path}.values[${i}]`, value, dns1123SubdomainErrors(value)));
}

function nodeTerm(
  errors: FieldErrors,
  path: string,
  term: core.NodeSelectorTerm | undefined,
  checkValues: boolean,
): void {
  term?.matchExpressions?.forEach((r, i) => nodeRequirement(errors, `${path}.matchExpressions[${i}]`, r, checkValues));
  term?.matchFields?.forEach((r, i) => nodeFieldRequirement(errors, `${path}.matchFields[${i}]`, r));
}

/** Upstream: ValidateNodeSelector; also for persistent volumes. */
export function validateNodeSelector(errors: FieldErrors, path: string, selector: core.NodeSelector): void {
  if (!selector.nodeSelectorTerms?.length) {
    return errors.required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term');
  }
  selector.nodeSelectorTerms.forEach((term, i) => nodeTerm(errors, `${path}.nodeSelectorTerms[${i}]`, term, true));
}

function weight(errors: FieldErrors, path: string, value: number | undefined): void {
  if ((value ?? 0) <= 0 || value! > 100) errors.invalid(`${path}.weight`, value ?? 0, 'must be in the range 1-100');
}

type PodTerm = core.PodAffinityTerm & { matchLabelKeys?: string[]; mismatchLabelKeys?: string[] };
const ALONE = 'must not be specified when labelSelector is not set';

function labelNames(
  errors: FieldErrors,
  path: string,
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
): void {
  if (!keys?.length) return;
  if (!selector) errors.forbidden(path, ALONE);
  else keys.forEach((key, i) => qualifiedName(errors, `${path}[${i}]`, key));
}

/** What was merged in from the keys is in the selector once; twice means that the client named the key, too. */
function namedTwice(
  errors: FieldErrors,
  path: string,
  keys: readonly string[],
  selector: LabelSelector | undefined,
): void {
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = keys.lastIndexOf(key);
    if (index >= 0 && seen.has(key)) {
      errors.invalid(`${path}[${index}]`, key, 'exists in both matchLabelKeys and labelSelector');
    }
    seen.add(key);
  }
}

/** Upstream: validateMatchLabelKeysAndMismatchLabelKeys. */
function labelKeys(errors: FieldErrors, path: string, term: PodTerm): void {
  const { matchLabelKeys: match = [], mismatchLabelKeys: mismatch = [], labelSelector: selector } = term;
  if (!match.length && !mismatch.length) return;
  labelNames(errors, `${path}.matchLabelKeys`, match, selector);
  labelNames(errors, `${path}.mismatchLabelKeys`, mismatch, selector);
  namedTwice(errors, path, match, selector);
  match.forEach((key, i) => {
    if (!mismatch.includes(key)) return;
    errors.invalid(`${path}.matchLabelKeys[${i}]`, key, 'exists in both matchLabelKeys and mismatchLabelKeys');
  });
}

function mergeKeys(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Readonly<Record<string, string>>,
): void {
  if (!selector || !keys?.length) return;
  for (const key of keys) {
    const value = labels[key];
    if (value !== undefined) (selector.matchExpressions ??= []).push({ key, operator, values: [value] });
  }
}

/** A pod's own labels become part of its selectors. Upstream: applyMatchLabelKeysAndMismatchLabelKeys on create. */
export function mergeMatchLabelKeys(spec: PodSpec, labels: Readonly<Record<string, string>> = {}): void {
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const terms: (PodTerm | undefined)[] = [
      ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
      ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((t) => t.podAffinityTerm),
    ];
    for (const term of terms) {
      mergeKeys(term?.labelSelector, term?.matchLabelKeys, 'In', labels);
      mergeKeys(term?.labelSelector, term?.mismatchLabelKeys, 'NotIn', labels);
    }
  }
  for (const c of spec.topologySpreadConstraints ?? []) mergeKeys(c.labelSelector, c.matchLabelKeys, 'In', labels);
}

function podTerm(errors: FieldErrors, path: string, term: core.PodAffinityTerm | undefined): void {
  labelSelector(errors, `${path}.labelSelector`, term?.labelSelector);
  labelSelector(errors, `${path}.namespaceSelector`, term?.namespaceSelector);
  for (const name of term?.namespaces ?? []) push(errors, `${path}.namespace`, name, dns1123LabelErrors(name));
  if (term) labelKeys(errors, path, term);
  if (!term?.topologyKey) errors.required(`${path}.topologyKey`, 'can not be empty');
  qualifiedName(errors, `${path}.topologyKey`, term?.topologyKey ?? '');
}

function podTerms(errors: FieldErrors, path: string, affinity: core.PodAffinity | undefined): void {
  affinity?.requiredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    podTerm(errors, `${path}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`, term);
  });
  affinity?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    const field = `${path}.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    weight(errors, field, term.weight);
    podTerm(errors, `${field}.podAffinityTerm`, term.podAffinityTerm);
  });
}

export function validateAffinity(errors: FieldErrors, path: string, affinity: core.Affinity | undefined): void {
  if (!affinity) return;
  const node = affinity.nodeAffinity;
  const required = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (required) {
    validateNodeSelector(errors, `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`, required);
  }
  node?.preferredDuringSchedulingIgnoredDuringExecution?.forEach((term, i) => {
    const field = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${i}]`;
    weight(errors, field, term.weight);
    nodeTerm(errors, `${field}.preference`, term.preference, false);
  });
  podTerms(errors, `${path}.podAffinity`, affinity.podAffinity);
  podTerms(errors, `${path}.podAntiAffinity`, affinity.podAntiAffinity);
}

export function validateTolerations(
  errors: FieldErrors,
  path: string,
  tolerations: readonly core.Toleration[] | undefined,
): void {
  tolerations?.forEach((t, i) => {
    const field = `${path}[${i}]`;
    if (t.key) qualifiedName(errors, `${field}.key`, t.key);
    else if (t.operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.invalid(`${field}.operator`, t.operator ?? '', why);
    }
    if (t.tolerationSeconds != null && t.effect !== 'NoExecute') {
      errors.invalid(`${field}.effect`, t.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (!t.operator || t.operator === 'Equal') {
      const bad = labelValueErrors(t.value ?? '');
      if (bad.length) errors.invalid(`${field}.operator`, t.value, bad.join(';'));
    } else if (t.operator === 'Exists') {
      if (t.value) errors.invalid(`${field}.operator`, t.value, "value must be empty when `operator` is 'Exists'");
    } else errors.notSupported(`${field}.operator`, t.operator, ['Equal', 'Exists']);
    if (t.effect && !TAINT_EFFECTS.includes(t.effect)) errors.notSupported(`${field}.effect`, t.effect, TAINT_EFFECTS);
  });
}

export function validateTopologySpread(
  errors: FieldErrors,
  path: string,
  constraints: readonly core.TopologySpreadConstraint[] | undefined,
): void {
  constraints?.forEach((c, i) => {
    const field = `${path}[${i}]`;
    if ((c.maxSkew ?? 0) <= 0) errors.invalid(`${field}.maxSkew`, c.maxSkew ?? 0, 'must be greater than zero');
    if (!c.topologyKey) errors.required(`${field}.topologyKey`, 'can not be empty');
    if (c.whenUnsatisfiable !== 'DoNotSchedule' && c.whenUnsatisfiable !== 'ScheduleAnyway') {
      errors.notSupported(`${field}.whenUnsatisfiable`, c.whenUnsatisfiable ?? '', ['DoNotSchedule', 'ScheduleAnyway']);
    }
    const twin = constraints.findIndex(
      (o, j) => j > i && o.topologyKey === c.topologyKey && o.whenUnsatisfiable === c.whenUnsatisfiable,
    );
    if (twin >= 0) {
      errors.duplicate(`${field}.{topologyKey, whenUnsatisfiable}`, `{${c.topologyKey}, ${c.whenUnsatisfiable}}`);
    }
    if (c.minDomains != null) {
      if (c.minDomains <= 0) errors.invalid(`${field}.minDomains`, c.minDomains, 'must be greater than zero');
      if (c.whenUnsatisfiable !== 'DoNotSchedule') {
        const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${c.whenUnsatisfiable ?? ''}`;
        errors.invalid(`${field}.minDomains`, c.minDomains, why);
      }
    }
    for (const policy of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      const value = c[policy];
      if (value != null && value !== 'Honor' && value !== 'Ignore') {
        errors.notSupported(`${field}.${policy}`, value, ['Honor', 'Ignore']);
      }
    }
    labelNames(errors, `${field}.matchLabelKeys`, c.matchLabelKeys, c.labelSelector);
    if (c.matchLabelKeys?.length) {
      namedTwice(errors, `${field}.matchLabelKeys`, c.matchLabelKeys, c.labelSelector);
    }
    labelSelector(errors, `${field}.labelSelector`, c.labelSelector);
  });
}
