// Paths of fields as CRDs write them (`.spec.a['b.c']`): whether the schema has such a field, and which.
// Upstream: apiextensions-apiserver pkg/apiserver/schema/cel/validation.go (ValidFieldPath).
import type { Schema } from './schema.ts';
import { ESCAPED } from '../go-escapes.ts';

export interface FoundPath {
  /** As errors write it: `spec.a[b.c]`; map keys in brackets. */
  path: string;
  /** The first field's name. */
  root: string;
  schema: Schema | undefined;
}

const TOKEN = /'(?:[^'\\]|\\[\s\S])*'|[.[\]]|[^.[\]']+|'/g;
const ESCAPES: Readonly<Record<string, string>> = { ...ESCAPED, "'": "'" };

function unquote(token: string): string | undefined {
  if (token.length < 2 || !token.startsWith("'") || !token.endsWith("'")) return undefined;
  let bad = false;
  const text = token.slice(1, -1).replaceAll(/\\([\s\S])/g, (_, c: string) => {
    bad ||= ESCAPES[c] === undefined;
    return ESCAPES[c] ?? '';
  });
  return bad ? undefined : text;
}

/** The field, or what is wrong with the path. */
export function findFieldPath(text: string, root: Schema, allowBrackets = true): FoundPath | string {
  const tokens = text.match(TOKEN) ?? [];
  let schema: Schema | undefined = root;
  let path = '';
  let first = '';
  let i = 0;
  const step = (name: string): string | undefined => {
    const { properties, additionalProperties }: Schema = schema ?? {};
    first ||= name;
    if (properties) {
      if (!Object.hasOwn(properties, name)) return 'does not refer to a valid field';
      schema = properties[name]!;
      path = path === '' ? name : `${path}.${name}`;
      return undefined;
    }
    if (additionalProperties === undefined) return 'does not refer to a valid field';
    schema = typeof additionalProperties === 'object' ? additionalProperties : undefined;
    path += `[${name}]`;
    return undefined;
  };
  while (i < tokens.length) {
    const token = tokens[i++]!;
    const next = tokens[i++];
    if (token === '[') {
      if (!allowBrackets) return 'array notation is not allowed';
      if (next === undefined) return 'unexpected end of JSON path';
      const name = unquote(next);
      if (name === undefined) return `expected single quoted string but got ${next}`;
      const problem = step(name);
      if (problem !== undefined) return problem;
      const close = tokens[i++];
      if (close === undefined) return 'unexpected end of JSON path';
      if (close !== ']') return `expected ] but got ${close}`;
    } else if (token === '.') {
      if (next === undefined) return 'unexpected end of JSON path';
      const problem = step(next);
      if (problem !== undefined) return problem;
    } else return `expected [ or . but got: ${token}`;
  }
  return { path, root: first, schema };
}
