// vars: `$(name)` in fields of a table takes the value of another object's field. Deprecated for replacements, and still
// met. Upstream: kustomize api/internal/accumulator (refvartransformer.go), api/filters/refvar.
import { changeAt, isMap } from './fields.ts';
import { effectiveNamespace, isClusterScoped, sameGvk } from './ids.ts';
import type { Resource, ResourceList } from './resource.ts';
import { splitFieldPath } from './replacements.ts';
import { type FieldSpec, KustomizeError, type Variable } from './types.ts';
import { parseApiVersion } from '../types.ts';

/** Marks the resources that the variables read; answers all variables known now. */
export function mergeVariables(
  list: ResourceList,
  known: readonly Variable[],
  incoming: readonly Variable[],
): Variable[] {
  const all = [...known];
  for (const variable of incoming) {
    if (all.some((v) => v.name === variable.name)) {
      throw new KustomizeError(`var '${variable.name}' already encountered`, undefined, 'vars');
    }
    const { objref } = variable;
    const gv = objref.apiVersion
      ? parseApiVersion(objref.apiVersion)
      : { group: objref.group ?? '', version: objref.version ?? '' };
    const target = { ...gv, kind: objref.kind ?? '', name: objref.name ?? '', namespace: objref.namespace ?? '' };
    const anywhere = target.namespace === '' && !isClusterScoped(target);
    const matched = list.byAnyId(
      (id) =>
        id.name === target.name &&
        sameGvk(id, target) &&
        (anywhere || effectiveNamespace(id) === effectiveNamespace(target)),
    );
    if (matched.length > 1) {
      throw new KustomizeError(
        `found ${matched.length} resId matches for var ${variable.name} (unable to disambiguate)`,
        undefined,
        'vars',
      );
    }
    matched[0]?.variables.push(variable.name);
    all.push(variable);
  }
  return all;
}

export function resolveVariables(
  resources: readonly Resource[],
  variables: readonly Variable[],
  specs: readonly FieldSpec[],
): void {
  if (variables.length === 0) return;
  const values = new Map(variables.map((variable) => [variable.name, valueOf(resources, variable)]));
  const change = (value: unknown): unknown => {
    if (typeof value === 'string') return expand(value, values);
    if (Array.isArray(value)) return value.map((item) => (typeof item === 'string' ? expand(item, values) : item));
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([k, v]) => [k, typeof v === 'string' ? expand(v, values) : v]),
    );
  };
  for (const resource of resources) {
    const { gvk } = resource;
    for (const spec of specs) changeAt(resource.object, gvk, spec, change);
  }
}

function valueOf(resources: readonly Resource[], variable: Variable): unknown {
  const holder = resources.find((r) => r.variables.includes(variable.name));
  if (!holder) {
    throw new KustomizeError(
      `var '${shown(variable)}' cannot be mapped to a field in the set of known resources`,
      undefined,
      'vars',
    );
  }
  let value: unknown = holder.object;
  for (const part of splitFieldPath(variable.fieldref?.fieldpath ?? 'metadata.name')) {
    const at = /^(.*)\[(\d+)\]$/.exec(part);
    value = isMap(value) ? value[at ? at[1]! : part] : undefined;
    if (at) value = Array.isArray(value) ? (value as unknown[])[Number(at[2])] : undefined;
  }
  if (value !== undefined) return value;
  throw new KustomizeError(
    `field specified in var '${shown(variable)}' not found in corresponding resource`,
    undefined,
    'vars',
  );
}

const shown = ({ name, objref, fieldref }: Variable): string =>
  `{${name} {${objref.apiVersion ?? ''} ${objref.kind ?? ''} ${objref.name ?? ''} ${objref.namespace ?? ''}} {${fieldref?.fieldpath ?? 'metadata.name'}}}`;

/** A text that is one variable and no more takes the variable's type. */
function expand(text: string, values: ReadonlyMap<string, unknown>): unknown {
  const whole = /^\$\(([^)]*)\)$/.exec(text);
  if (whole && values.has(whole[1]!) && !isMap(values.get(whole[1]!))) return values.get(whole[1]!);
  return text.replaceAll(/\$(\$|\(([^)]*)\))/g, (all, first: string, name: string | undefined) => {
    if (first === '$') return '$';
    const value = name === undefined ? undefined : values.get(name);
    return value === undefined || isMap(value) ? all : String(value as string);
  });
}
