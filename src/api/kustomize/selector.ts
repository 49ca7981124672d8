// Which resources a patch, a replacement or a target means: anchored regular expressions over kind and name, label and
// annotation selectors. Upstream: kustomize api/types/selector.go.
import { RE2JS } from 're2js';
import { parseSelector } from '../selector.ts';
import { parseApiVersion } from '../types.ts';
import { KustomizeError, type Resource, type Selector } from './types.ts';

export function selectorMatcher(selector: Selector): (resource: Resource) => boolean {
  const matches = (pattern: string | undefined): ((text: string) => boolean) => {
    if (!pattern) return () => true;
    try {
      const compiled = RE2JS.compile(`^(?:${pattern})$`);
      return (text) => compiled.matches(text);
    } catch (error) {
      throw new KustomizeError(`invalid selector "${pattern}": ${(error as Error).message}`);
    }
  };
  const group = matches(selector.group);
  const version = matches(selector.version);
  const kind = matches(selector.kind);
  const name = matches(selector.name);
  const namespace = matches(selector.namespace);
  const labels = parseSelector(selector.labelSelector ?? '');
  const annotations = parseSelector(selector.annotationSelector ?? '');
  return ({ object, names }) => {
    const gv = parseApiVersion(object.apiVersion);
    const { metadata } = object;
    return (
      group(gv.group) &&
      version(gv.version) &&
      kind(object.kind) &&
      [...names, { name: metadata.name ?? '', namespace: metadata.namespace ?? '' }].some(
        (n) => name(n.name) && (!selector.namespace || namespace(n.namespace)),
      ) &&
      labels.matches(metadata.labels ?? {}) &&
      annotations.matches(metadata.annotations ?? {})
    );
  };
}
