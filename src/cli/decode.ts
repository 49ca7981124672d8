// Secrets without base64, for `get` and `describe secret --decode`. Values that are no text stay as they are, and are named so.
import type { Unstructured } from '../api/types.ts';
import { CliError } from './errors.ts';
import { objectName } from './print/object.ts';

/** The text that a value encodes; undefined when its bytes are none. */
export function textOf(base64: string): string | undefined {
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  return text.includes('\0') || !Buffer.from(text, 'utf8').equals(bytes) ? undefined : text;
}

function secretData(object: Unstructured): [key: string, base64: string, text: string | undefined][] {
  if (object.kind !== 'Secret') throw new CliError(`--decode is for secrets, and ${objectName(object)} is none`);
  const data = (object['data'] ?? {}) as Record<string, string>;
  return Object.entries(data)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, base64]) => [key, base64, textOf(base64)]);
}

/** `data` holds text: for jsonpath and templates. */
export function decodedData(object: Unstructured): Unstructured {
  const data = secretData(object).map(([key, base64, text]) => [key, text ?? base64] as const);
  return { ...object, data: Object.fromEntries(data) };
}

/** Text moves to `stringData`: what is printed can be applied. */
export function decodedStrings(object: Unstructured): Unstructured {
  const entries = secretData(object);
  const { data, ...rest } = object;
  void data;
  const binary = entries.filter(([, , text]) => text === undefined).map(([key, base64]) => [key, base64] as const);
  const strings = entries.filter(([, , text]) => text !== undefined).map(([key, , text]) => [key, text!] as const);
  return {
    ...(rest as Unstructured),
    ...(binary.length > 0 ? { data: Object.fromEntries(binary) } : {}),
    ...(strings.length > 0 ? { stringData: Object.fromEntries(strings) } : {}),
  };
}

/** For people: YAML of key and value; the name of each secret before it when there are several. */
export async function decodedPage(objects: readonly Unstructured[]): Promise<string> {
  const { toYaml } = await import('./yaml.ts');
  const pages = objects.map((object) => {
    const shown = secretData(object).map(
      ([key, base64, text]) =>
        [key, text ?? `<${Buffer.from(base64, 'base64').length} bytes that are no text>`] as const,
    );
    const head = objects.length > 1 ? `# ${objectName(object)}\n` : '';
    return head + (shown.length > 0 ? toYaml(Object.fromEntries(shown)) : '');
  });
  return pages.join('---\n');
}
