// LimitRange. Upstream: pkg/registry/core/limitrange/strategy.go, SetDefaults_LimitRangeItem, ValidateLimitRange.
import type { LimitRange, LimitRangeItem } from 'kubernetes-types/core/v1.js';
import { defineKind } from '../../kind.ts';
import { qualifiedNameErrors } from '../../names.ts';
import { compareQuantities, quantityMilliValue, quantityValue } from '../../quantity.ts';
import type { FieldErrors } from '../../validation.ts';
import { push } from '../shared/field-rules.ts';
import {
  type ResourceList,
  containerResourceName,
  defaultResourceList,
  overcommitAllowed,
  resourceName,
} from '../shared/resource-list.ts';

const LISTS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
type Lists = Partial<Record<(typeof LISTS)[number], ResourceList>>;

function fill(to: ResourceList, from: ResourceList | undefined): void {
  for (const name in from) to[name] ??= from[name]!;
}

/** Pairs of which the first may not exceed the second, at which path, the value shown, and the words. */
const ORDER = [
  ['min', 'max', 'min', 'min', 'min value', 'max value'],
  ['min', 'defaultRequest', 'defaultRequest', 'defaultRequest', 'min value', 'default request value'],
  ['defaultRequest', 'max', 'defaultRequest', 'defaultRequest', 'default request value', 'max value'],
  ['defaultRequest', 'default', 'defaultRequest', 'defaultRequest', 'default request value', 'default limit value'],
  ['min', 'default', 'default', 'min', 'min value', 'default value'],
  ['default', 'max', 'default', 'max', 'default value', 'max value'],
] as const;
const TYPES = new Set(['Pod', 'Container', 'PersistentVolumeClaim']);
/** Above these, thousandths would not fit: upstream's MaxMilliValue. */
const MAX_MILLI = (2n ** 63n - 1n) / 1000n;

function typeName(errors: FieldErrors, field: string, type: string): void {
  const bad = qualifiedNameErrors(type);
  push(errors, field, type, bad);
  if (bad.length === 0 && !type.includes('/') && !TYPES.has(type)) {
    errors.invalid(field, type, 'must be a standard limit type or fully qualified');
  }
}

function names(
  errors: FieldErrors,
  path: string,
  item: LimitRangeItem,
  which: readonly (typeof LISTS)[number][],
): void {
  const rule = item.type === 'Pod' || item.type === 'Container' ? containerResourceName : resourceName;
  for (const list of which) {
    for (const name in (item as Lists)[list]) rule(errors, `${path}.${list}[${name}]`, name);
  }
}

/** How much more a container may be limited to than it asks for cannot be more than the bounds allow. */
function ratioProblem(ratio: string, min: string, max: string): string | undefined {
  const exact = [ratio, min, max].every((value) => quantityValue(value) < MAX_MILLI);
  const of = exact ? quantityMilliValue : quantityValue;
  const limit = Number(of(max)) / Number(of(min));
  if (Number(of(ratio)) / (exact ? 1000 : 1) <= limit) return undefined;
  return `ratio ${ratio} is greater than max/min = ${Number.isFinite(limit) ? limit.toFixed(6) : '+Inf'}`;
}

function amounts(errors: FieldErrors, path: string, lists: Lists, name: string): void {
  for (const [low, high, at, shown, lowText, highText] of ORDER) {
    const [a, b] = [lists[low]?.[name], lists[high]?.[name]];
    if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) continue;
    errors.invalid(`${path}.${at}[${name}]`, lists[shown]?.[name], `${lowText} ${a} is greater than ${highText} ${b}`);
  }
  const [ratio, min, max] = [lists.maxLimitRequestRatio?.[name], lists.min?.[name], lists.max?.[name]];
  if (ratio !== undefined) {
    const field = `${path}.maxLimitRequestRatio[${name}]`;
    if (compareQuantities(ratio, '1') < 0) errors.invalid(field, ratio, `ratio ${ratio} is less than 1`);
    const problem = min !== undefined && max !== undefined ? ratioProblem(ratio, min, max) : undefined;
    if (problem) errors.invalid(field, ratio, problem);
  }
  const [limit, request] = [lists.default?.[name], lists.defaultRequest?.[name]];
  if (overcommitAllowed(name) || limit === undefined || request === undefined) return;
  if (compareQuantities(limit, request) === 0) return;
  const why = `default value ${limit} must equal to defaultRequest value ${request} in ${name}`;
  errors.invalid(`${path}.defaultRequest[${name}]`, request, why);
}

function validateItem(errors: FieldErrors, path: string, item: LimitRangeItem): void {
  const lists: Lists = { ...(item as Lists) };
  names(errors, path, item, ['max', 'min']);
  if (item.type === 'Pod') {
    for (const which of ['default', 'defaultRequest'] as const) {
      if (Object.keys(lists[which] ?? {}).length) {
        errors.forbidden(`${path}.${which}`, "may not be specified when `type` is 'Pod'");
      }
      delete lists[which];
    }
  } else names(errors, path, item, ['default', 'defaultRequest']);
  const isClaim = item.type === 'PersistentVolumeClaim';
  if (isClaim && lists.min?.['storage'] === undefined && lists.max?.['storage'] === undefined) {
    const why = 'either minimum or maximum storage value is required, but neither was provided';
    errors.required(`${path}.limits`, why);
  }
  names(errors, path, item, ['maxLimitRequestRatio']);
  const all = new Set(LISTS.flatMap((which) => Object.keys(lists[which] ?? {})));
  for (const name of all) amounts(errors, path, lists, name);
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
      typeName(errors, `${path}.type`, item.type ?? '');
      if (seen.has(item.type)) errors.duplicate(`${path}.type`, item.type);
      seen.add(item.type);
      validateItem(errors, path, item);
    });
  },
});
