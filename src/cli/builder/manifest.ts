// The objects of a manifest's text: JSON or YAML documents, one after the other. What is not an object with a kind is
// refused here, with kubectl's words, after the objects before it. Upstream: resource.StreamVisitor, unstructured JSON
// scheme.
import { parseJson, stringifySorted } from '../../api/codec/json.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';
import type { FieldValidation } from '../flags.ts';

/** `validation` is asked for by the commands that send what they read. */
export async function* manifestObjects(
  text: string,
  source: string,
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
    yield checked(value, source, raw);
  }
}

/** A document, and how errors show it: JSON as it is written, YAML as the JSON that it stands for. */
interface Document {
  value: unknown;
  raw: () => string;
}

async function* documents(text: string, source: string): AsyncGenerator<Document> {
  const json = /^\s*\{/.test(text) ? jsonDocument(text) : undefined;
  if (json !== undefined) {
    yield { value: json, raw: () => text.trim() };
    return;
  }
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

/** Undefined when the text is not JSON after all (a YAML flow mapping, several documents). */
function jsonDocument(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function checked(value: unknown, source: string, raw: () => string): Unstructured {
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
  if (!object.kind) return fail(`Object 'Kind' is missing in '${raw()}'`);
  if (!object.apiVersion) return fail(`Object 'apiVersion' is missing in '${raw()}'`);
  return object;
}
