// Makes src/api/schema/{data,descriptions}.gen.ts from @kubernetes/client-node's models, kubernetes-types and
// scripts/schema/facts.json. Run it after any of these changed; `--check` only compares (test/api/schema does).
// The types are one line of JSON per definition; the descriptions are packed, because few processes read them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { assemble, describe, nameModels, type Facts } from './schema/assemble.ts';
import { readModels, readTypeDescriptions } from './schema/models.ts';

const root = resolve(import.meta.dirname, '..');
const out = join(root, 'src/api/schema');
const head = '// Made by `npx tsx scripts/build-schema.ts`. Do not edit.\n';

const template = (text: string): string => `\`${text.replaceAll(/[\\`]|\$\{/g, '\\$&')}\``;

function pack(text: string): string {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 22 };
  const lines =
    brotliCompressSync(text, { params })
      .toString('base64')
      .match(/.{1,120}/g) ?? [];
  return lines.join('\n');
}

/** The packed text is compared unpacked: another release of zlib may pack differently. */
function unpacked(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, 'utf8');
  const packed = /`([A-Za-z0-9+/=\n]*)`/.exec(text)?.[1];
  return packed && brotliDecompressSync(Buffer.from(packed, 'base64')).toString('utf8');
}

/** The two generated modules' contents: types as text, descriptions as lines of `name<TAB>json`. */
export function generate(): { data: string; descriptions: string } {
  const facts = JSON.parse(readFileSync(join(root, 'scripts/schema/facts.json'), 'utf8')) as Facts;
  const models = readModels(join(root, 'node_modules/@kubernetes/client-node'));
  const types = readTypeDescriptions(join(root, 'node_modules/kubernetes-types'));
  const definitions = assemble(models, facts);
  const byClass = nameModels(
    definitions.map((d) => d.name),
    models,
  );
  const modelOf = new Map(models.map((m) => [byClass.get(m.className), m]));
  const lines = definitions.map((d) => `${d.name}\t${JSON.stringify(d.schema)}`);
  const { groups, kinds, sharedKinds } = facts;
  const data = [
    head,
    `/** Upstream's release that the types are of. */\nexport const release = '${facts.release}';\n`,
    `/** API groups by package, kinds by package and version, and kinds of many groups. */`,
    `export const kinds = ${template(JSON.stringify({ groups, kinds, sharedKinds }, null, 1))};\n`,
    `/** One definition a line: its name, a tab, its schema. */`,
    `export const definitions = ${template(lines.join('\n'))};\n`,
  ].join('\n');
  const fields = models.flatMap((m) => m.properties);
  const intOrString = fields.find((p) => p.type === 'IntOrString')?.description;
  const textsOf = (name: string) => describe(name, modelOf.get(name), types, intOrString);
  const descriptions = definitions.map((d) => `${d.name}\t${JSON.stringify(textsOf(d.name))}`).join('\n');
  return { data, descriptions };
}

export function isStale(made = generate()): string[] {
  const stale: string[] = [];
  const dataFile = join(out, 'data.gen.ts');
  if (!existsSync(dataFile) || readFileSync(dataFile, 'utf8') !== made.data) stale.push(dataFile);
  const descriptionsFile = join(out, 'descriptions.gen.ts');
  if (unpacked(descriptionsFile) !== made.descriptions) stale.push(descriptionsFile);
  return stale.map((f) => relative(root, f));
}

if (process.argv[1] === import.meta.filename) {
  const made = generate();
  const stale = isStale(made);
  if (process.argv.includes('--check')) {
    for (const file of stale) console.error(`${file} is stale: run npx tsx scripts/build-schema.ts`);
    if (stale.length > 0) process.exit(1);
  } else if (stale.length > 0) {
    writeFileSync(join(out, 'data.gen.ts'), made.data);
    const packed = `${head}/** Brotli, base64: one definition a line: its name, a tab, JSON of texts by field. */\n`;
    writeFileSync(join(out, 'descriptions.gen.ts'), `${packed}export default \`${pack(made.descriptions)}\`;\n`);
  }
}
