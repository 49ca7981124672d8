// Variables in manifests after the build: ${name}, ${name:-default}, ${name:=default}; $${name} stays as ${name}.
// Upstream: fluxcd/pkg/kustomize (varsub), drone/envsubst. Objects annotated `kustomize.toolkit.fluxcd.io/substitute:
// disabled` are left alone. Pure.
import type { BuiltObject } from '../../api/kustomize/kustomize.ts';
import type { Unstructured } from '../../api/types.ts';

const DISABLED = 'kustomize.toolkit.fluxcd.io/substitute';
const PATTERN = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?(=|-)([^}]*))?\}/g;

export function substitute(built: readonly BuiltObject[], variables: Record<string, string>): BuiltObject[] {
  return built.map(({ object, origin }) => {
    const { labels, annotations } = object.metadata;
    if (labels?.[DISABLED] === 'disabled' || annotations?.[DISABLED] === 'disabled') return { object, origin };
    return { object: walk(object, variables) as Unstructured, origin };
  });
}

function walk(value: unknown, variables: Record<string, string>): unknown {
  if (typeof value === 'string') return value.includes('${') ? scalar(value, variables) : value;
  if (Array.isArray(value)) return value.map((item) => walk(item, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, walk(v, variables)]));
}

/** A value that is one variable and nothing else takes the variable's YAML type: `replicas: ${n}` is a number. */
function scalar(text: string, variables: Record<string, string>): unknown {
  const replaced = text.replaceAll(PATTERN, (all, name: string, _operator: string, fallback?: string) => {
    if (all.startsWith('$$')) return all.slice(1);
    // Unset variables are empty, as in a shell.
    return (Object.hasOwn(variables, name) ? variables[name] : fallback) ?? '';
  });
  const whole = /^\$\{[^}]*\}$/.test(text);
  if (!whole) return replaced;
  if (/^-?(0|[1-9]\d{0,14})$/.test(replaced)) return Number(replaced);
  return replaced === 'true' ? true : replaced === 'false' ? false : replaced;
}
