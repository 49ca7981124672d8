// YAML as kubectl reads and prints it. Loaded only by commands that meet YAML: the parser is heavy.
import { parseAllDocuments, stringify } from 'yaml';

export function parseYamlDocuments(text: string): unknown[] {
  return parseAllDocuments(text, { version: '1.1' }).map((d) => {
    if ('errors' in d && d.errors[0]) throw new Error(`yaml: ${d.errors[0].message.split('\n')[0]}`);
    return (d as { toJS(): unknown }).toJS();
  });
}

export const toYaml = (value: unknown): string =>
  stringify(value, {
    indentSeq: false,
    lineWidth: 0,
    sortMapEntries: true,
    version: '1.1',
    aliasDuplicateObjects: false,
  });
