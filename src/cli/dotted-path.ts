// `pods.spec.containers`, as explain and taint take it: jsonpath of fields alone.
// Upstream: SplitAndParseResourceRequest of kubectl/pkg/explain/explain.go.
import { parseTemplate } from '../api/jsonpath-parser.ts';
import { CliError } from './errors.ts';

/** The words of the path. `which` is what upstream says must be fields: all nodes, or the first. */
export function dottedPath(text: string, which: 'all nodes' | 'first node'): string[] {
  // Upstream lets the first dot stand twice.
  const nodes = parseTemplate(`{.${text.replace(/\.$/, '').replace(/^([^.]+)\.\./, '$1.')}}`);
  const [only] = nodes;
  if (nodes.length > 1 || only?.type !== 'list') throw new CliError('must pass in 1 jsonpath string');
  return only.nodes.map((node) => {
    if (node.type === 'field') return node.name;
    throw new CliError(
      `invalid jsonpath syntax, ${which === 'all nodes' ? 'all nodes must be field nodes' : 'first node must be field node'}`,
    );
  });
}
