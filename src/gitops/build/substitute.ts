// Variables in manifests after the build. They are put into an object's YAML text, which is then read again: a variable
// that is a value of its own takes the type of its text. Upstream: fluxcd/pkg/kustomize (kustomize_varsub.go). Pure.
import { parseYaml, stringifyYaml } from '../../api/codec/yaml.ts';
import { type BuiltObject, KustomizeError } from '../../api/kustomize/kustomize.ts';
import type { Unstructured } from '../../api/types.ts';
import { envsubst } from './envsubst.ts';

/** On objects, as label or annotation: `disabled` leaves them alone. */
const SUBSTITUTE = 'kustomize.toolkit.fluxcd.io/substitute';
const NAME = '^[_[:alpha:]][_[:alpha:][:digit:]]*$';

export function substitute(built: readonly BuiltObject[], variables: Record<string, string>): BuiltObject[] {
  const names = Object.keys(variables);
  // Without a single variable nothing is done, whatever defaults there are.
  if (names.length === 0) return [...built];
  const bad = names.find((name) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name));
  if (bad !== undefined) {
    throw new KustomizeError(`envsubst error: '${bad}' var name is invalid, must match '${NAME}'`);
  }
  // Lines would break the text that they are put into.
  const values = new Map(names.map((name) => [name, variables[name]!.replaceAll('\n', '')]));
  return built.map(({ object, origin }) => {
    const { labels, annotations } = object.metadata;
    if (labels?.[SUBSTITUTE] === 'disabled' || annotations?.[SUBSTITUTE] === 'disabled') return { object, origin };
    const text = stringifyYaml(object);
    if (!text.includes('${')) return { object, origin };
    try {
      return { object: parseYaml(envsubst(text, values)) as unknown as Unstructured, origin };
    } catch (error) {
      const why = `envsubst error: variable substitution failed: ${(error as Error).message}`;
      throw new KustomizeError(`'${object.kind}/${object.metadata.name}': ${why}`, origin);
    }
  });
}
