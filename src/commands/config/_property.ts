// Dotted property names of `config set` and `config unset`: `contexts.my-context.namespace`, `current-context`. A name
// that has dots itself is found by the longest match. Upstream: kubectl/pkg/cmd/config/navigation_step_parser.go.
import { CliError } from '../../cli/errors.ts';
import type { KubeConfig } from '../../client/kubeconfig.ts';

type Stanza = Record<string, unknown>;
const sections = ['clusters', 'users', 'contexts'] as const;

/** The stanza that a property is in (made when `create`), and the field's name; or current-context itself. */
export function locate(
  config: KubeConfig,
  property: string,
  create: boolean,
): { section?: Map<string, Stanza>; name?: string; field?: string } {
  if (property === 'current-context') return {};
  const dot = property.indexOf('.');
  const section = sections.find((s) => s === (dot < 0 ? property : property.slice(0, dot)));
  if (!section) throw new CliError(`unable to parse ${property} after [] at api.Config`);
  const map = config[section] as Map<string, Stanza>;
  const rest = dot < 0 ? '' : property.slice(dot + 1);
  if (rest === '') return { section: map };
  if (map.has(rest)) return { section: map, name: rest };
  const last = rest.lastIndexOf('.');
  if (last < 0) return { section: map, name: rest };
  const name = rest.slice(0, last);
  if (create && !map.has(name)) map.set(name, {});
  return { section: map, name, field: rest.slice(last + 1) };
}
