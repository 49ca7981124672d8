// Writes the lists of files that are found by their folder (kinds, controllers, plug-ins, commands …), so that adding
// one touches one file. `--check` only compares; test/tidy.test.ts runs it that way.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';

const root = resolve(import.meta.dirname, '..');

/** Each list: every .ts file below `folder` with a default export, named by its path. `lazy` makes import() thunks. */
const lists: { folder: string; lazy?: boolean; skip?: RegExp; type?: readonly [name: string, from: string] }[] = [
  { folder: 'src/api/kinds', skip: /\/(_|shared\/)/, type: ['AnyKind', '../kind.ts'] },
  { folder: 'src/server/controllers', skip: /\/_/, type: ['ControllerExport', './_types.ts'] },
  { folder: 'src/server/scheduler/plugins', skip: /\/_/, type: ['AnyPlugin', '../framework.ts'] },
  { folder: 'src/server/admission', skip: /\/(types|chain|_.*)\.ts$/, type: ['AdmissionPlugin', './types.ts'] },
  { folder: 'src/server/apiserver/resources', skip: /\/_/, type: ['ResourceHooks', '../types.ts'] },
  { folder: 'src/cli/describe', skip: /\/(index|types|_.*)\.ts$/, lazy: true },
  { folder: 'src/commands', skip: /\/_/, lazy: true },
];

function files(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.endsWith('.gen.ts'))
    .map((f) => join(folder, f))
    .sort();
}

function render(list: (typeof lists)[number]): string {
  const folder = join(root, list.folder);
  const found = files(folder).filter(
    (f) => !list.skip?.test(f.slice(folder.length)) && /^export default /m.test(readFileSync(f, 'utf8')),
  );
  const specifier = (f: string) => `./${relative(folder, f)}`;
  const id = (f: string) => relative(folder, f).slice(0, -3);
  const head = '// Made by `npm run generate` from the files of this folder. Do not edit.\n';
  if (list.lazy) {
    const rows = found.map((f) => `  '${id(f)}': () => import('${specifier(f)}'),`);
    return `${head}export default {\n${rows.join('\n')}\n} as const;\n`;
  }
  const name = (f: string) => id(f).replaceAll(/[^A-Za-z0-9]+(.)/g, (_, c: string) => c.toUpperCase());
  const imports = found.map((f) => `import ${name(f)}_ from '${specifier(f)}';`);
  const rows = found.map((f) => `${name(f)}_`).join(', ');
  const [type, from] = list.type ?? ['unknown', undefined];
  const typed = from ? `import type { ${type} } from '${from}';\n` : '';
  return `${head}${imports.join('\n')}\n${typed}\nconst list: readonly ${type}[] = [${rows}];\nexport default list;\n`;
}

const check = process.argv.includes('--check');
const options = { ...(await resolveConfig(join(root, 'package.json'))), parser: 'typescript' };
let stale = false;
for (const list of lists) {
  if (!existsSync(join(root, list.folder))) continue;
  const target = join(root, list.folder, 'index.gen.ts');
  const text = await format(render(list), options);
  if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
  if (check) {
    console.error(`${relative(root, target)} is stale: run npm run generate`);
    stale = true;
  } else writeFileSync(target, text);
}
if (stale) process.exit(1);
