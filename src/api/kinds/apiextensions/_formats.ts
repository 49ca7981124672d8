// Formats of texts that no server checks: a definition that has one is answered with a warning.
// Upstream: apiextensions-apiserver pkg/apiserver/validation/formats.go, registry/customresourcedefinition/strategy.go.
import { stringifyJson } from '../../codec/json.ts';
import { type JsonSchemaProps, everySchema } from '../../schema/json-schema.ts';
import type { CustomResourceDefinition } from './_types.ts';

const STRING_FORMATS = new Set(
  'bsonobjectid uri email hostname ipv4 ipv6 cidr mac uuid uuid3 uuid4 uuid5 isbn isbn10 isbn13 creditcard ssn hexcolor rgbcolor byte password date duration datetime'.split(
    ' ',
  ),
);

/** Formats of texts that nobody checks; those that were there before are not told again. */
export function formatWarnings(crd: CustomResourceDefinition, old: CustomResourceDefinition | undefined): string[] {
  const before = new Set(old ? unknownFormats(old) : []);
  return unknownFormats(crd)
    .filter((format) => !before.has(format))
    .map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

function unknownFormats({ spec }: CustomResourceDefinition): string[] {
  const found: string[] = [];
  const seen = new Set<string>();
  for (const version of spec?.versions ?? []) {
    const schema = version.schema?.openAPIV3Schema;
    const key = schema ? stringifyJson(schema) : '';
    // What all versions share is looked at once.
    if (!schema || seen.has(key)) continue;
    seen.add(key);
    for (const { type, format } of everySchema(schema as JsonSchemaProps)) {
      if (type !== 'string' || typeof format !== 'string' || format === '') continue;
      if (!STRING_FORMATS.has(format.replaceAll('-', ''))) found.push(format);
    }
  }
  return found;
}
