// Which resources a patch means: anchored regular expressions over kind, name and namespace, old or new, and label and
// annotation selectors. Upstream: kustomize api/types/selector.go, resWrangler.Select.
import { RE2JS } from 're2js';
import { effectiveNamespace } from './ids.ts';
import { type Resource, selectorMatches } from './resource.ts';
import { KustomizeError, type Selector } from './types.ts';

export function selectorMatcher(selector: Selector): (resource: Resource) => boolean {
  const matches = (pattern: string | undefined): ((text: string) => boolean) => {
    if (!pattern) return () => true;
    try {
      const compiled = RE2JS.compile(`^(?:${pattern})$`);
      return (text) => compiled.matches(text);
    } catch {
      throw new KustomizeError(`error parsing regexp: \`^(?:${pattern})$\``);
    }
  };
  const group = matches(selector.group);
  const version = matches(selector.version);
  const kind = matches(selector.kind);
  const name = matches(selector.name);
  const namespace = matches(selector.namespace);
  return (resource) => {
    const { gvk, id, originalId } = resource;
    return (
      (namespace(effectiveNamespace(originalId)) || namespace(effectiveNamespace(id))) &&
      (name(originalId.name) || name(id.name)) &&
      group(gvk.group) &&
      version(gvk.version) &&
      kind(gvk.kind) &&
      selectorMatches(selector.labelSelector, resource.labels()) &&
      selectorMatches(selector.annotationSelector, resource.annotations())
    );
  };
}
