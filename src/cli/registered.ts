// The kinds that kubectl has as Go types. Upstream: kubectl/pkg/scheme.
import { builtinSchemas } from '../api/schema/builtin.ts';
import { parseApiVersion, type Unstructured } from '../api/types.ts';

export function isRegistered({ apiVersion, kind }: Pick<Unstructured, 'apiVersion' | 'kind'>): boolean {
  const { group, version } = parseApiVersion(apiVersion);
  return builtinSchemas.forKind(group, version, kind) !== undefined;
}

/** What is said of another kind; with the file that it stands in. */
export function notRegistered(
  { apiVersion, kind }: Pick<Unstructured, 'apiVersion' | 'kind'>,
  source?: string,
): string {
  const where = source === undefined ? '' : `unable to decode ${JSON.stringify(source)}: `;
  const what = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
  return `${where}${what} in scheme "pkg/scheme/scheme.go:28"`;
}
