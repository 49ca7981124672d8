// The objects of a manifest's text: JSON or YAML documents, one after the other. What is not an object with a kind is
// refused here, with kubectl's words, after the objects before it. Upstream: resource.StreamVisitor, unstructured JSON
// scheme.
import { parseJson, stringifySorted } from '../../api/codec/json.ts';
import { jsonStream } from '../../api/codec/json-reader.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import type { DocumentCheck } from './document-check.ts';

export const notValidated = (source: string, why: string): string =>
  `error validating ${JSON.stringify(source)}: error validating data: ${why}; if you choose to ignore these errors, turn validation off with --validate=false`;

/** What is no object is told to `onBad`, and the next document follows; a text that cannot be parsed, or is not valid, ends here. */
export async function* manifestObjects(
  text: string,
  source: string,
  onBad: (error: CliError) => void,
  check?: DocumentCheck,
): AsyncGenerator<Unstructured> {
  for await (const { value, raw } of documents(text, source)) {
    if (value === null || value === undefined) continue;
    const notValid = await check?.(value);
    if (notValid !== undefined) throw new CliError(notValidated(source, notValid));
    const wrong = problemOf(value, raw);
    if (wrong === undefined) yield value as Unstructured;
    else onBad(new CliError(`unable to decode ${JSON.stringify(source)}: ${wrong}`));
  }
}

/** A document, and how errors show it: JSON as it is written, YAML as the JSON that it stands for. */
interface Document {
  value: unknown;
  raw: () => string;
}

/**
 * What begins with a brace is JSON, several values too. From a line of dashes or a comment on it is YAML, and all of it is
 * when its first value is none. Upstream (1.34): apimachinery/pkg/util/yaml, YAMLOrJSONDecoder.
 */
async function* documents(text: string, source: string): AsyncGenerator<Document> {
  if (!/^\s*\{/.test(text)) return yield* yamlDocuments(text, source);
  const only = wholeJson(text);
  if (only !== undefined) return yield { value: only, raw: () => text.trim() };
  const stream = jsonStream(text);
  for (let isFirst = true; ; isFirst = false) {
    let found: { value: unknown; raw: string } | undefined;
    try {
      found = stream.next();
    } catch (error) {
      const rest = stream.rest();
      if (isFirst ? await isYaml(rest) : /^(?:---|#)/.test(rest)) return yield* yamlDocuments(rest, source);
      throw new CliError(`error parsing ${source}: ${(error as Error).message}`);
    }
    if (!found) return;
    const { value, raw } = found;
    yield { value, raw: () => raw };
  }
}

async function* yamlDocuments(text: string, source: string): AsyncGenerator<Document> {
  const { parseYaml, splitYamlDocuments } = await import('../yaml.ts');
  for (const part of splitYamlDocuments(text)) {
    let value: unknown;
    try {
      value = parseYaml(part.text);
    } catch (error) {
      throw new CliError(`error parsing ${source}: error converting YAML to JSON: ${(error as Error).message}`);
    }
    yield { value, raw: () => stringifySorted(value) };
  }
}

function wholeJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

async function isYaml(text: string): Promise<boolean> {
  const { parseYaml, splitYamlDocuments } = await import('../yaml.ts');
  try {
    parseYaml([...splitYamlDocuments(text)][0]?.text ?? '');
    return true;
  } catch {
    return false;
  }
}

/** What keeps a value from being an object. */
function problemOf(value: unknown, raw: () => string): string | undefined {
  if (typeof value !== 'object' || Array.isArray(value)) {
    const goType = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    return `json: cannot unmarshal ${goType} into Go value of type unstructured.detector`;
  }
  const object = value as Unstructured;
  if (!object.kind) return `Object 'Kind' is missing in '${raw()}'`;
  return object.apiVersion ? undefined : `Object 'apiVersion' is missing in '${raw()}'`;
}
