// Takes the facts of upstream's API surface out of its own documents and writes them as tables under
// test/golden/surface/, which test/server/apiserver/surface.test.ts compares this server with. Run by hand when a new
// version of the API is taken in:
//   tsx scripts/upstream-surface.ts <api/openapi-spec/swagger.json> <api/discovery/api__v1.json> <…/aggregated_v2.json>
// The operations say what resources there are and what they can; the discovery documents add how they are called.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Swagger, definitionFacts, operationFacts, resourceFacts, resourceLine } from './surface/facts.ts';

interface Names {
  singular: string;
  short: string[];
  categories: string[];
}
interface CoreList {
  resources: { name: string; singularName: string; shortNames?: string[]; categories?: string[] }[];
}
interface Aggregated {
  items: {
    metadata: { name: string };
    versions: {
      version: string;
      resources: { resource: string; singularResource: string; shortNames?: string[]; categories?: string[] }[];
    }[];
  }[];
}

const read = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;
const [swaggerPath, corePath, aggregatedPath] = process.argv.slice(2);
if (!swaggerPath || !corePath || !aggregatedPath) {
  throw new Error('give swagger.json, api__v1.json and aggregated_v2.json of one version of Kubernetes');
}

const names = new Map<string, Names>();
for (const { name, singularName, shortNames = [], categories = [] } of read<CoreList>(corePath).resources) {
  names.set(`v1 ${name}`, { singular: singularName, short: shortNames, categories });
}
for (const { metadata, versions } of read<Aggregated>(aggregatedPath).items) {
  for (const { version, resources } of versions) {
    for (const { resource, singularResource, shortNames = [], categories = [] } of resources) {
      const key = `${metadata.name}/${version} ${resource}`;
      names.set(key, { singular: singularResource, short: shortNames, categories });
    }
  }
}

const swagger = read<Swagger>(swaggerPath);
const lines = [...resourceFacts(swagger)].map(([key, fact]) => {
  const known = names.get(key);
  if (!known && !fact.name.includes('/')) throw new Error(`${key} is in no discovery document`);
  return resourceLine(fact, known ? [known.singular, known.short.join(','), known.categories.join(',')] : []);
});

const into = join(import.meta.dirname, '../test/golden/surface');
const write = (file: string, facts: readonly string[]): void =>
  writeFileSync(join(into, file), `${facts.join('\n')}\n`);
write('discovery.tsv', lines.sort());
write('operations.tsv', operationFacts(swagger));
write('definitions.tsv', definitionFacts(swagger));
