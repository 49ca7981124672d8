// Reads the field numbers of Kubernetes' protobuf messages out of the struct tags of its Go types, and writes them as
// the table src/api/codec/protobuf-fields.gen.ts. Run by hand when a new version of the API is taken in:
//   tsx scripts/protobuf-fields.ts <checkouts of kubernetes/api, kubernetes/apimachinery, kubernetes/kube-aggregator and
//     kubernetes/apiextensions-apiserver> [<older kubernetes/api>], which has the packages that the newer one has no more.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [apiRoot = '', machineryRoot = '', aggregatorRoot = '', extensionsRoot = '', oldApiRoot = ''] =
  process.argv.slice(2);
const typesOf = (name: string): string => {
  const file = join(apiRoot, name, 'types.go');
  return existsSync(file) ? file : join(oldApiRoot, name, 'types.go');
};
const packages: [name: string, file: string][] = [
  ['meta/v1', join(machineryRoot, 'pkg/apis/meta/v1/types.go')],
  ...[
    'admissionregistration/v1',
    'apps/v1',
    'authentication/v1',
    'authorization/v1',
    'autoscaling/v1',
    'autoscaling/v2',
    'batch/v1',
    'batch/v1beta1',
    'batch/v2alpha1',
    'certificates/v1',
    'coordination/v1',
    'core/v1',
    'discovery/v1',
    'events/v1',
    'flowcontrol/v1',
    'networking/v1',
    'node/v1',
    'policy/v1',
    'policy/v1beta1',
    'rbac/v1',
    'resource/v1',
    'scheduling/v1',
    'storage/v1',
    // What upstream removed and clients of that time still send.
    'admissionregistration/v1beta1',
    'apps/v1beta1',
    'apps/v1beta2',
    'authentication/v1beta1',
    'authorization/v1beta1',
    'autoscaling/v2beta1',
    'autoscaling/v2beta2',
    'certificates/v1beta1',
    'coordination/v1beta1',
    'discovery/v1beta1',
    'events/v1beta1',
    'extensions/v1beta1',
    'flowcontrol/v1beta1',
    'flowcontrol/v1beta2',
    'flowcontrol/v1beta3',
    'networking/v1beta1',
    'node/v1beta1',
    'rbac/v1alpha1',
    'rbac/v1beta1',
    'scheduling/v1alpha1',
    'scheduling/v1beta1',
    'storage/v1alpha1',
    'storage/v1beta1',
  ].map((name): [string, string] => [name, typesOf(name)]),
  ['apiregistration/v1', join(aggregatorRoot, 'pkg/apis/apiregistration/v1/types.go')],
  ['apiextensions/v1', join(extensionsRoot, 'pkg/apis/apiextensions/v1/types.go')],
  ['apiextensions/v1beta1', join(extensionsRoot, 'pkg/apis/apiextensions/v1beta1/types.go')],
];

/** Types that are no plain messages on the wire, or that JSON shows in another shape; see protobuf.ts. */
const special: Record<string, string> = {
  'resource.Quantity': 'Q',
  'intstr.IntOrString': 'I',
  'runtime.RawExtension': 'R',
  'meta/v1.Time': 'T',
  'meta/v1.MicroTime': 'M',
  'meta/v1.FieldsV1': 'F',
  'meta/v1.Duration': 'D',
  'apiextensions/v1.JSON': 'R',
  'apiextensions/v1beta1.JSON': 'R',
};
const scalars: Record<string, string> = { string: 's', bool: 'b', int32: 'i', int64: 'i', int: 'i', float64: 'd' };

/** A package's types; those of schemas have a file of their own. */
function sourceOf(file: string): string {
  const schemas = file.replace(/types\.go$/, 'types_jsonschema.go');
  return readFileSync(file, 'utf8') + (existsSync(schemas) ? readFileSync(schemas, 'utf8') : '');
}
const sources = new Map(packages.map(([name, file]) => [name, sourceOf(file)]));
/** `type PodPhase string`, `type ResourceList map[…]…`, `type ExtraValue []string`. */
const named = new Map<string, string>();
for (const [name, text] of sources) {
  for (const [, type, is] of text.matchAll(/^type (\w+) (?!struct|interface)=? ?([^\s{]+)/gm))
    named.set(`${name}.${type}`, is!);
  for (const [block] of text.matchAll(/^type \(\n[\s\S]*?^\)/gm)) {
    for (const [, type, is] of block.matchAll(/^\t(\w+) (?!struct)([^\s{]+)$/gm)) named.set(`${name}.${type}`, is!);
  }
}
named.set('types.UID', 'string');
named.set('types.NodeName', 'string');
named.set('types.NamespacedName', 'string');

function importsOf(text: string): Map<string, string> {
  const aliases = new Map<string, string>();
  for (const [, alias, path] of text.matchAll(/^\s*(?:import )?(?:(\w+) )?"k8s\.io\/([^"]+)"/gm)) {
    const name = path!.replace(/^apimachinery\/pkg\/apis\//, '').replace(/^api\//, '');
    aliases.set(
      alias ?? path!.split('/').at(-1)!,
      packages.some(([p]) => p === name) ? name : path!.split('/').at(-1)!,
    );
  }
  return aliases;
}

function typeCode(go: string, own: string, aliases: Map<string, string>): string {
  if (go.startsWith('*')) {
    const code = typeCode(go.slice(1), own, aliases);
    return /^[sibd]$/.test(code) ? `*${code}` : code;
  }
  if (go === '[]byte') return 'y';
  if (go.startsWith('[]')) return `[]${typeCode(go.slice(2), own, aliases)}`;
  const map = /^map\[\w+(?:\.\w+)?\](.+)$/.exec(go);
  if (map) return `{}${typeCode(map[1]!, own, aliases)}`;
  if (scalars[go]) return scalars[go];
  const [alias, type] = go.includes('.') ? (go.split('.') as [string, string]) : [undefined, go];
  const full = `${alias === undefined ? own : (aliases.get(alias) ?? alias)}.${type}`;
  if (special[full]) return special[full];
  if (type === 'ExtraValue') return 'X';
  const is = named.get(full);
  if (is !== undefined) return typeCode(is, full.slice(0, full.lastIndexOf('.')), aliases);
  return full.startsWith(`${own}.`) ? full.slice(own.length) : full;
}

const rows: string[] = [];
for (const [name, text] of sources) {
  const aliases = importsOf(text);
  for (const [, type, body] of text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)) {
    const fields: string[] = [];
    for (const line of body!.split('\n')) {
      // Schemas that may also be something else have no names in JSON.
      const found =
        /^\t(?:(\w+)\s+)?([*\w.[\]]+)\s+`(?:json:"([^"]*)"[^`]*)?\bprotobuf:"\w+,(\d+),(?:[^"]*\bname=(\w+))?/.exec(
          line,
        );
      if (!found || found[3] === '-') continue;
      const [, , go, json, number, wireName] = found;
      const [jsonName] = json === undefined ? [wireName] : json.split(',');
      const code = typeCode(go!, name, aliases);
      fields.push(`${number} ${jsonName || '^'} ${code}`);
    }
    if (fields.length > 0) rows.push(`  '${name}.${type}': '${fields.join(';')}',`);
  }
}

const target = resolve(import.meta.dirname, '../src/api/codec/protobuf-fields.gen.ts');
if (!existsSync(join(target, '..'))) throw new Error(`${target} has no folder`);
writeFileSync(
  target,
  '// A table of facts, made by scripts/protobuf-fields.ts from the struct tags of Kubernetes’ Go types. Do not edit.\n' +
    '// Message → fields, each `number name type`; types: s(tring) b(ool) i(nt) d(ouble) y (bytes), * pointer, [] list,\n' +
    '// {} map, ^ inline, Q(uantity) I(ntOrString) T(ime) M(icroTime) R(aw) F(ieldsV1) D(uration) X (extra), else a message.\n' +
    `export const protobufFields: Readonly<Record<string, string>> = {\n${rows.join('\n')}\n};\n`,
);
console.log(`${rows.length} messages`);
