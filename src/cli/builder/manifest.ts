// The objects of a manifest's text: JSON or YAML documents, one after the other. What is not an object with a kind is
// refused here, with kubectl's words, after the objects before it. Upstream: resource.StreamVisitor, unstructured JSON
// scheme.
import { parseJson, stringifySorted } from '../../api/codec/json.ts';
import { readJsonStream } from '../../api/codec/json-reader.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import type { FieldValidation } from '../flags.ts';

/**
 * `validation` is asked for by the commands that send what they read. What is no object is told to `onBad`, and the
 * next document follows; a text that cannot be parsed, or is not valid, ends here.
 */
export async function* manifestObjects(
  text: string,
  source: string,
  onBad: (error: CliError) => void,
  validation: FieldValidation = 'Ignore',
): AsyncGenerator<Unstructured> {
  for await (const { value, raw } of documents(text, source)) {
    if (value === null || value === undefined) continue;
    if (validation !== 'Ignore') {
      const { clientValidation } = await import('./client-validation.ts');
      const wrong = clientValidation(value, validation);
      if (wrong !== undefined) {
        throw new CliError(
          `error validating ${JSON.stringify(source)}: error validating data: ${wrong}; if you choose to ignore these errors, turn validation off with --validate=false`,
        );
      }
    }
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

async function* documents(text: string, source: string): AsyncGenerator<Document> {
  // Upstream looks at the first character, too: what begins with a brace is JSON to its end.
  if (/^\s*\{/.test(text)) return yield* jsonDocuments(text, source);
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

function* jsonDocuments(text: string, source: string): Generator<Document> {
  let only: unknown;
  try {
    only = parseJson(text);
  } catch {
    try {
      for (const { value, raw } of readJsonStream(text)) yield { value, raw: () => raw };
      return;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new CliError(`error parsing ${source}: ${error.message}`);
    }
  }
  yield { value: only, raw: () => text.trim() };
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
