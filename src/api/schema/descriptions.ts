// The descriptions of Kubernetes' own types, unpacked on demand. Only explain and the OpenAPI documents read them, so
// the packed text is behind a dynamic import.
import { brotliDecompressSync } from 'node:zlib';

/** Texts of definitions and their fields. */
export interface Descriptions {
  /** A definition's own text. */
  ofDefinition(name: string): string | undefined;
  /** The text of a field of a definition. */
  ofField(name: string, field: string): string | undefined;
}

let loading: Promise<Descriptions> | undefined;

function unpack(packed: string): Descriptions {
  const text = brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8');
  const lines = new Map<string, string>();
  for (const line of text.split('\n')) {
    const tab = line.indexOf('\t');
    lines.set(line.slice(0, tab), line.slice(tab + 1));
  }
  const parsed = new Map<string, Record<string, string>>();
  const of = (name: string): Record<string, string> => {
    let found = parsed.get(name);
    if (!found) parsed.set(name, (found = JSON.parse(lines.get(name) ?? '{}') as Record<string, string>));
    return found;
  };
  return { ofDefinition: (name) => of(name)[''], ofField: (name, field) => of(name)[field] };
}

/** Loads and unpacks once per process; about 10 ms. */
export function loadDescriptions(): Promise<Descriptions> {
  return (loading ??= import('./descriptions.gen.ts').then((module) => unpack(module.default)));
}

/** For processes that need no texts: every description is absent. */
export const noDescriptions: Descriptions = { ofDefinition: () => undefined, ofField: () => undefined };
