// Reading conditions of an object of any kind. Nothing here knows what they mean.
import type { Unstructured } from '../types.ts';

export interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};
export const numberAt = (object: Fields, field: string, otherwise = 0): number =>
  typeof object[field] === 'number' ? object[field] : otherwise;
export const textAt = (object: Fields, field: string): string =>
  typeof object[field] === 'string' ? object[field] : '';

export function conditionsOf(object: Unstructured): Condition[] {
  const list = fields(object['status'])['conditions'];
  return Array.isArray(list) ? (list as Condition[]) : [];
}
export const conditionOf = (object: Unstructured, type: string): Condition | undefined =>
  conditionsOf(object).find((c) => c.type === type);
export const isTrue = (object: Unstructured, type: string): boolean => conditionOf(object, type)?.status === 'True';
