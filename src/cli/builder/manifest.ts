// The objects of a manifest's text: JSON or YAML documents. What is not an object with a kind is refused here, with
// kubectl's words. Upstream: resource.StreamVisitor, unstructured JSON scheme.
import { parseJson } from '../../api/codec/json.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';

export async function parseManifest(text: string, source: string): Promise<Unstructured[]> {
  const values = /^\s*\{/.test(text) ? jsonDocuments(text) : undefined;
  const documents = values ?? (await yamlDocuments(text, source));
  return documents.filter((d) => d !== null && d !== undefined).map((d) => checked(d, source));
}

/** Undefined when the text is not JSON after all (a YAML flow mapping, several documents). */
function jsonDocuments(text: string): unknown[] | undefined {
  try {
    return [parseJson(text)];
  } catch {
    return undefined;
  }
}

async function yamlDocuments(text: string, source: string): Promise<unknown[]> {
  const { parseYamlDocuments } = await import('../yaml.ts');
  try {
    return parseYamlDocuments(text) as unknown[];
  } catch (error) {
    throw new CliError(`error parsing ${source}: error converting YAML to JSON: ${(error as Error).message}`);
  }
}

function checked(value: unknown, source: string): Unstructured {
  const fail = (why: string): never => {
    throw new CliError(`unable to decode ${JSON.stringify(source)}: ${why}`);
  };
  if (typeof value !== 'object' || Array.isArray(value)) {
    const goType = Array.isArray(value) ? 'array' : typeof value;
    return fail(
      `json: cannot unmarshal ${goType} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const object = value as Unstructured;
  if (!object.kind) return fail(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (!object.apiVersion) return fail(`Object 'apiVersion' is missing in '${JSON.stringify(value)}'`);
  return object;
}
