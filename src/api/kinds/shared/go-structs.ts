// Go's internal types as upstream's messages show them: every field by its Go name, in the order of the type, and what
// Go has where nothing was said. A table of such fields turns a document into what is shown.
// Upstream: field.Error.ErrorBody, which marshals the bad value; internal types have no JSON names.
import { GoStruct } from '../../validation.ts';

/** What stands for a field that is not there. */
type Zero = null | '' | 0 | false;
interface Nested {
  fields: GoFields;
  is: 'struct' | 'pointer' | 'list';
}
export type GoFields = Readonly<{ [goName: string]: Zero | Nested }>;

export const structOf = (fields: GoFields): Nested => ({ fields, is: 'struct' });
export const pointerTo = (fields: GoFields): Nested => ({ fields, is: 'pointer' });
export const listOf = (fields: GoFields): Nested => ({ fields, is: 'list' });

/** `APIVersion` is apiVersion, `NonResourceURLs` nonResourceURLs, `UID` uid. */
function jsonName(goName: string): string {
  const capitals = /^[A-Z]+(?=[A-Z][a-z]|$)/.exec(goName)?.[0].length ?? 1;
  return goName.slice(0, capitals).toLowerCase() + goName.slice(capitals);
}

function shown(value: unknown, type: Zero | Nested): unknown {
  if (type === null || typeof type !== 'object') return value ?? type;
  if (type.is === 'list') return Array.isArray(value) ? value.map((item) => goStruct(item, type.fields)) : null;
  return value == null && type.is === 'pointer' ? null : goStruct(value, type.fields);
}

export function goStruct(value: unknown, fields: GoFields): GoStruct {
  const document = (value ?? {}) as Record<string, unknown>;
  return new GoStruct(
    Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, shown(document[jsonName(name)], type)])),
  );
}

/** As goStruct, of a pointer. */
export const goPointer = (value: unknown, fields: GoFields): GoStruct | null =>
  value == null ? null : goStruct(value, fields);

/** How Deployments and DaemonSets replace their pods. */
export const ROLLING_STRATEGY: GoFields = {
  Type: '',
  RollingUpdate: pointerTo({ MaxUnavailable: 0, MaxSurge: 0 }),
};

const REQUIREMENT: GoFields = { Key: '', Operator: '', Values: null };
export const NODE_SELECTOR_TERM: GoFields = { MatchExpressions: listOf(REQUIREMENT), MatchFields: listOf(REQUIREMENT) };
export const NODE_SELECTOR: GoFields = { NodeSelectorTerms: listOf(NODE_SELECTOR_TERM) };
