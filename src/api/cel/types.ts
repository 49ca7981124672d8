// The types of CEL, and when a value of one may stand where another is wanted. No expressions here.
// Upstream: cel-go common/types/types.go, checker/types.go (isAssignable, substitute, mostGeneral).

export type Kind =
  | 'bool'
  | 'int'
  | 'uint'
  | 'double'
  | 'string'
  | 'bytes'
  | 'null'
  | 'duration'
  | 'timestamp'
  | 'dyn'
  | 'type'
  | 'list'
  | 'map'
  | 'opaque'
  | 'object'
  | 'param'
  | 'error';

export interface Type {
  readonly kind: Kind;
  /** As an expression writes it; unique for opaque types and objects. */
  readonly name: string;
  readonly params: readonly Type[];
  /** The types of an object's fields; undefined for a field that it does not have. */
  field?(name: string): Type | undefined;
}

const simple = (kind: Kind, name: string = kind): Type => ({ kind, name, params: [] });

export const BOOL = simple('bool');
export const INT = simple('int');
export const UINT = simple('uint');
export const DOUBLE = simple('double');
export const STRING = simple('string');
export const BYTES = simple('bytes');
export const NULL = simple('null', 'null_type');
export const DURATION = simple('duration', 'google.protobuf.Duration');
export const TIMESTAMP = simple('timestamp', 'google.protobuf.Timestamp');
export const DYN = simple('dyn');
export const ERROR = simple('error', '!error!');

export const list = (element: Type): Type => ({ kind: 'list', name: 'list', params: [element] });
export const map = (key: Type, value: Type): Type => ({ kind: 'map', name: 'map', params: [key, value] });
export const typeOf = (inner: Type): Type => ({ kind: 'type', name: 'type', params: [inner] });
export const opaque = (name: string, ...params: Type[]): Type => ({ kind: 'opaque', name, params });
export const optional = (inner: Type): Type => opaque('optional_type', inner);
export const param = (name: string): Type => simple('param', name);
export const objectType = (name: string, field: (name: string) => Type | undefined): Type => ({
  kind: 'object',
  name,
  params: [],
  field,
});

export const isOptional = (type: Type): boolean => type.kind === 'opaque' && type.name === 'optional_type';
export const isDynOrError = (type: Type): boolean => type.kind === 'dyn' || type.kind === 'error';

/** As upstream's messages write a type: `list(string)`, `map(string, int)`, `timestamp`. */
export function formatType(type: Type): string {
  switch (type.kind) {
    case 'null':
      return 'null';
    case 'duration':
    case 'timestamp':
      return type.name;
    case 'error':
      return '!error!';
    default:
      return type.params.length === 0 ? type.name : `${type.name}(${type.params.map(formatType).join(', ')})`;
  }
}

const BY_NAME = new Map<string, Type>(
  [BOOL, INT, UINT, DOUBLE, STRING, BYTES, DYN].map((type): [string, Type] => [type.name, type]),
);
for (const [name, type] of [
  ['null', NULL],
  ['duration', DURATION],
  ['timestamp', TIMESTAMP],
] as const)
  BY_NAME.set(name, type);

/** Reads a type as the function tables write it: `list(A)`, `map(string, B)`, `optional(T)`, `kubernetes.URL`. */
export function parseType(text: string): Type {
  const known = BY_NAME.get(text);
  if (known) return known;
  if (/^[A-Z]$/.test(text)) return param(text);
  const call = /^([\w.]+)\((.*)\)$/s.exec(text);
  if (!call) return opaque(text);
  const inner = splitTypes(call[2]!).map(parseType);
  switch (call[1]) {
    case 'list':
      return list(inner[0]!);
    case 'map':
      return map(inner[0]!, inner[1]!);
    case 'optional':
      return optional(inner[0]!);
    case 'type':
      return typeOf(inner[0]!);
    default:
      return opaque(call[1]!, ...inner);
  }
}

/** Splits at the commas that are in no brackets. */
export function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c === '(') depth++;
    else if (c === ')') depth--;
    else if (i === text.length || (c === ',' && depth === 0)) {
      const part = text.slice(start, i).trim();
      if (part !== '') parts.push(part);
      start = i + 1;
    }
  }
  return parts;
}

/** What type parameters stand for, as far as is known. */
export type Bindings = Map<string, Type>;

/** The type with its parameters replaced; those that nothing is known of become dyn when `toDyn`. */
export function substitute(bindings: Bindings, type: Type, toDyn: boolean): Type {
  if (type.kind === 'param') {
    const bound = bindings.get(type.name);
    if (bound) return substitute(bindings, bound, toDyn);
    return toDyn ? DYN : type;
  }
  if (type.params.length === 0) return type;
  return { ...type, params: type.params.map((inner) => substitute(bindings, inner, toDyn)) };
}

function occurs(bindings: Bindings, variable: Type, type: Type): boolean {
  if (type.kind === 'param') {
    if (type.name === variable.name) return true;
    const bound = bindings.get(type.name);
    return bound !== undefined && occurs(bindings, variable, bound);
  }
  return type.params.some((inner) => occurs(bindings, variable, inner));
}

/** Binds parameters as it goes; a failure may leave some bound, so callers work on a copy. */
function assignable(bindings: Bindings, from: Type, to: Type): boolean {
  if (to.kind === 'param') {
    const bound = bindings.get(to.name);
    if (bound) {
      if (!assignable(bindings, from, bound)) return false;
      // What was known becomes wider: an int where dyn comes later.
      if (moreGeneral(from, bound) && !occurs(bindings, to, from)) bindings.set(to.name, from);
      return true;
    }
    if (from.kind === 'param' && from.name === to.name) return true;
    if (occurs(bindings, to, from)) return false;
    bindings.set(to.name, from);
    return true;
  }
  if (from.kind === 'param') {
    const bound = bindings.get(from.name);
    if (bound) return assignable(bindings, bound, to);
    if (occurs(bindings, from, to)) return false;
    bindings.set(from.name, to);
    return true;
  }
  if (isDynOrError(from) || isDynOrError(to)) return true;
  if (from.kind === 'null') return ['null', 'object', 'opaque', 'duration', 'timestamp'].includes(to.kind);
  if (to.kind === 'null') return ['object', 'opaque', 'duration', 'timestamp'].includes(from.kind);
  if (from.kind !== to.kind) return false;
  if (from.kind === 'type') return true;
  if (from.kind === 'object' || from.kind === 'opaque') if (from.name !== to.name) return false;
  return (
    from.params.length === to.params.length &&
    from.params.every((inner, i) => assignable(bindings, inner, to.params[i]!))
  );
}

const moreGeneral = (a: Type, b: Type): boolean => isDynOrError(a) && !isDynOrError(b);

/** The bindings under which each type fits where it is wanted; undefined when they do not. */
export function unify(bindings: Bindings, from: readonly Type[], to: readonly Type[]): Bindings | undefined {
  if (from.length !== to.length) return undefined;
  const copy = new Map(bindings);
  return from.every((type, i) => assignable(copy, type, to[i]!)) ? copy : undefined;
}

export function sameType(a: Type, b: Type): boolean {
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((inner, i) => sameType(inner, b.params[i]!))
  );
}
