// Reads one kustomization.yaml: finds it, refuses fields that do not exist, moves deprecated ones to where they live now,
// and says so. Upstream: kustomize api/types/kustomization.go, api/internal/target/kusttarget.go (Load).
import { parseYaml } from '../codec/yaml.ts';
import { isMap } from './fields.ts';
import type { Loader } from './loader.ts';
import { type GeneratorArgs, type ImageEntry, type KustomizationFile, KustomizeError } from './types.ts';

export const FILE_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

type Shape = 'text' | 'list' | 'map' | 'texts';

const SHAPES: Record<string, Shape> = {
  apiVersion: 'text', kind: 'text', metadata: 'map', openapi: 'map', namePrefix: 'text', nameSuffix: 'text',
  namespace: 'text', commonLabels: 'map', labels: 'list', commonAnnotations: 'map', patchesStrategicMerge: 'texts',
  patchesJson6902: 'list', patches: 'list', images: 'list', imageTags: 'list', replacements: 'list', replicas: 'list',
  vars: 'list', sortOptions: 'map', resources: 'texts', components: 'texts', crds: 'texts', bases: 'texts',
  configMapGenerator: 'list', secretGenerator: 'list', helmGlobals: 'map', helmCharts: 'list',
  helmChartInflationGenerator: 'list', generatorOptions: 'map', configurations: 'texts', generators: 'texts',
  transformers: 'texts', validators: 'texts', buildMetadata: 'texts',
}; // prettier-ignore

/** Go's decoder takes fields in any case. */
const fieldNames = new Map(Object.keys(SHAPES).map((name) => [name.toLowerCase(), name]));

const goNames: Record<Shape, string> = { text: 'string', list: '[]', map: 'map', texts: '[]string' };

const DEPRECATED: [field: string, instead: string, fix: string][] = [
  ['bases', 'resources', ''],
  ['commonLabels', 'labels', ''],
  ['imageTags', 'images', ''],
  ['patchesJson6902', 'patches', ''],
  ['patchesStrategicMerge', 'patches', ''],
  ['vars', 'replacements', '[EXPERIMENTAL] '],
];

export function readKustomization(
  loader: Loader,
  warn: (message: string) => void,
): { file: KustomizationFile; name: string } {
  const found = FILE_NAMES.filter((name) => loader.files.read(loader.resolve(name)));
  const shown = loader.shown();
  if (found.length === 0) {
    const list = "'kustomization.yaml', 'kustomization.yml' or 'Kustomization'";
    throw new KustomizeError(`unable to find one of ${list} in directory '${shown}'`, loader.folder);
  }
  if (found.length > 1) {
    throw new KustomizeError(`Found multiple kustomization files under: ${shown}\n`, loader.folder);
  }
  const name = found[0]!;
  const path = loader.resolve(name);
  let parsed: unknown;
  try {
    parsed = parseYaml(loader.text(name)) ?? {};
  } catch (error) {
    throw new KustomizeError(`invalid Kustomization: ${(error as Error).message}`, path);
  }
  const fields = checkFields(parsed, path);
  for (const [field, instead, experimental] of DEPRECATED) {
    if (fields[field] === undefined) continue;
    warn(
      `# Warning: '${field}' is deprecated. Please use '${instead}' instead. ${experimental}Run 'kustomize edit fix' to update your Kustomization automatically.`,
    );
  }
  const file = modernised(fields);
  if (Object.keys(file).every((field) => field === 'apiVersion' || field === 'kind')) {
    throw new KustomizeError('kustomization.yaml is empty', path);
  }
  enforce(file, shown, path);
  return { file, name };
}

function checkFields(parsed: unknown, path: string): Record<string, unknown> {
  const refuse = (what: string, field?: string) =>
    new KustomizeError(`invalid Kustomization: json: ${what}`, path, field);
  if (!isMap(parsed)) {
    throw refuse(`cannot unmarshal ${goKind(parsed)} into Go value of type types.Kustomization`);
  }
  const fields: Record<string, unknown> = {};
  for (const key of Object.keys(parsed).sort()) {
    const field = fieldNames.get(key.toLowerCase());
    if (!field) throw refuse(`unknown field "${key}"`, key);
    const value = parsed[key];
    // Go's decoder leaves a field alone that says null.
    if (value === null) continue;
    const shape = SHAPES[field]!;
    const wrong = (actual: unknown, type: string) =>
      refuse(`cannot unmarshal ${goKind(actual)} into Go struct field Kustomization.${field} of type ${type}`, field);
    if (!hasShape(value, shape)) throw wrong(value, goNames[shape]);
    if (shape === 'texts') {
      const other = (value as unknown[]).find((item) => typeof item !== 'string' && item !== null);
      if (other !== undefined)
        throw wrong(other, field === 'patchesStrategicMerge' ? 'types.PatchStrategicMerge' : 'string');
    }
    if (field === 'replacements' && (value as unknown[]).some((item) => isMap(item) && 'sourceValue' in item)) {
      throw refuse('unknown field "sourceValue"', field);
    }
    if (shape === 'list') {
      const other = (value as unknown[]).find((item) => !isMap(item) && item !== null);
      if (other !== undefined) throw wrong(other, `types.${TYPES[field] ?? field}`);
    }
    if (shape === 'map' && TEXT_MAPS.has(field)) {
      const other = Object.values(value as object).find((item) => typeof item !== 'string' && item !== null);
      if (other !== undefined) throw wrong(other, 'string');
    }
    fields[field] =
      shape === 'list' || shape === 'texts'
        ? (value as unknown[]).map((item) => item ?? (shape === 'list' ? {} : ''))
        : value;
  }
  return fields;
}

const TEXT_MAPS = new Set(['commonLabels', 'commonAnnotations']);

const TYPES: Record<string, string> = {
  labels: 'Label', patches: 'Patch', patchesJson6902: 'Patch', images: 'Image', imageTags: 'Image',
  replacements: 'ReplacementField', replicas: 'Replica', vars: 'Var', configMapGenerator: 'ConfigMapArgs',
  secretGenerator: 'SecretArgs', helmCharts: 'HelmChart',
}; // prettier-ignore

const hasShape = (value: unknown, shape: Shape): boolean =>
  shape === 'text' ? typeof value === 'string' : shape === 'map' ? isMap(value) : Array.isArray(value);

const goKind = (value: unknown): string =>
  Array.isArray(value)
    ? 'array'
    : isMap(value)
      ? 'object'
      : typeof value === 'boolean'
        ? 'bool'
        : typeof value === 'string'
          ? 'string'
          : 'number';

function modernised(fields: Record<string, unknown>): KustomizationFile {
  const { bases, imageTags, ...rest } = fields as Record<string, unknown> & {
    bases?: string[];
    imageTags?: ImageEntry[];
  };
  const file = rest as KustomizationFile;
  if (bases) file.resources = [...(file.resources ?? []), ...bases];
  if (imageTags) file.images = [...(file.images ?? []), ...imageTags];
  const withoutEnv = ({ env, ...args }: GeneratorArgs) => (env ? { ...args, envs: [...(args.envs ?? []), env] } : args);
  if (file.configMapGenerator) file.configMapGenerator = file.configMapGenerator.map(withoutEnv);
  if (file.secretGenerator) file.secretGenerator = file.secretGenerator.map(withoutEnv);
  return file;
}

function enforce(file: KustomizationFile, folder: string, path: string): void {
  const { kind = 'Kustomization', apiVersion } = file;
  const wrong: string[] = [];
  if (kind !== 'Kustomization' && kind !== 'Component') wrong.push('kind should be Kustomization or Component');
  const required = `kustomize.config.k8s.io/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`;
  if (apiVersion && apiVersion !== required) wrong.push(`apiVersion for ${kind} should be ${required}`);
  if (wrong.length === 0) return;
  throw new KustomizeError(
    `Failed to read kustomization file under ${folder}:\n${wrong.join('\n')}`,
    path,
    'apiVersion',
  );
}
