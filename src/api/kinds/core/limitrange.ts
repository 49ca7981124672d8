// LimitRange. Upstream: pkg/registry/core/limitrange/strategy.go, SetDefaults_LimitRangeItem, ValidateLimitRange.
import type { LimitRange, LimitRangeItem } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { compareQuantities } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { qualifiedName } from '../shared/field-rules.ts';
import { type ResourceList, defaultResourceList, resourceName } from '../shared/resource-list.ts';

const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Lists = Partial<Record<(typeof LISTS)[number], ResourceList>>;

function fill(to: ResourceList, from: ResourceList | undefined): void {
  for (const name in from) to[name] ??= from[name]!;
}

/** Pairs of which the first may not exceed the second, at which path, and the words. */
const ORDER = [
  ['min', 'max', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min value', 'default value'],
  ['default', 'max', 'default', 'default value', 'max value'],
] as const;

function validateItem(errors: FieldErrors, path: string, item: LimitRangeItem): void {
  const lists = item as Lists;
  if (item.type === 'Pod') {
    for (const which of ['default', 'defaultRequest'] as const) {
      if (Object.keys(lists[which] ?? {}).length) {
        errors.forbidden(`${path}.${which}`, "may not be specified when `type` is 'Pod'");
      }
    }
  }
  if (item.type === 'PersistentVolumeClaim' && !lists.min?.['storage'] && !lists.max?.['storage']) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    errors.required(`${path}.limits`, why);
  }
  const names = new Set(LISTS.flatMap((which) => Object.keys(lists[which] ?? {})));
  for (const which of LISTS) {
    for (const name in lists[which]) resourceName(errors, `${path}.${which}[${name}]`, name);
  }
  for (const name of names) {
    for (const [low, high, at, lowText, highText] of ORDER) {
      const [a, b] = [lists[low]?.[name], lists[high]?.[name]];
      if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) continue;
      errors.invalid(`${path}.${at}[${name}]`, lists[at]?.[name], `${lowText} ${a} is greater than ${highText} ${b}`);
    }
    const ratio = lists.maxLimitRequestRatio?.[name];
    if (ratio !== undefined && compareQuantities(ratio, '1') < 0) {
      errors.invalid(`${path}.maxLimitRequestRatio[${name}]`, ratio, `ratio ${ratio} is less than 1`);
    }
  }
}

export default defineKind<LimitRange>({
  group: '',
  kind: 'LimitRange',
  plural: 'limitranges',
  short: ['limits'],
  scope: 'Namespaced',
  createOnUpdate: true,
  storage: { group: '', version: 'v1' },
  served: [{ group: '', version: 'v1' }],
  generation: false,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      const lists = item as Lists;
      for (const which of LISTS) defaultResourceList(lists[which]);
      if (item.type !== 'Container') continue;
      fill((lists.default ??= {}), lists.max);
      fill((lists.defaultRequest ??= {}), lists.default);
      fill(lists.defaultRequest, lists.min);
    }
  },
  validate({ spec }, errors) {
    const seen = new Set<string>();
    spec?.limits?.forEach((item, i) => {
      const path = `spec.limits[${i}]`;
      qualifiedName(errors, `${path}.type`, item.type ?? '');
      if (seen.has(item.type)) errors.duplicate(`${path}.type`, item.type);
      seen.add(item.type);
      validateItem(errors, path, item);
    });
  },
});
