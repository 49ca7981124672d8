// `generators`, `transformers` and `validators`: kustomize's own, configured by resources of apiVersion `builtin` in
// files, folders or the kustomization itself. Their field specs are their own, without kustomize's tables. Programs of
// others are not run. Upstream: kustomize api/internal/plugins/loader, api/internal/builtins.
import { generate } from './generators.ts';
import type { Loader } from './loader.ts';
import { applyJson6902, applyPatchEntry, applyStrategicMerges } from './patches.ts';
import { replaceValues } from './replacements.ts';
import type { Resource, ResourceList } from './resource.ts';
import { addPairs, affixNames, setImage, setNamespace, setReplicas } from './transformers.ts';
import {
  type FieldSpec,
  type GeneratorArgs,
  type ImageEntry,
  KustomizeError,
  type PatchEntry,
  type Replacement,
} from './types.ts';

/** A plug-in's configuration, as far as any of them has these fields. */
interface Config {
  fieldSpecs?: FieldSpec[];
  prefix?: string;
  suffix?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  imageTag?: ImageEntry;
  replica?: { name?: string; count?: number };
  replacements?: Replacement[];
  paths?: string[];
  patches?: string;
  jsonOp?: string;
}

const configOf = ({ object }: Resource): Config => object as unknown as Config;

/** Throws for what is no plug-in of kustomize's own. */
function check(config: Resource, known: ReadonlySet<string>): void {
  const { apiVersion, kind } = config.object;
  if (apiVersion !== 'builtin') {
    throw new KustomizeError(`external plugins disabled; unable to load external plugin '${kind}'`, config.file);
  }
  if (!known.has(kind)) {
    throw new KustomizeError(`unable to load builtin ${kind}.builtin.[noGrp]`, config.file);
  }
}

const GENERATORS = new Set(['ConfigMapGenerator', 'SecretGenerator']);

export function runGenerator(list: ResourceList, config: Resource, loader: Loader): void {
  check(config, GENERATORS);
  const { kind, metadata } = config.object;
  const args = { ...metadata, ...(config.object as object) } as unknown as GeneratorArgs;
  const what = kind === 'SecretGenerator' ? 'Secret' : 'ConfigMap';
  list.absorb(generate(what, { ...args, name: metadata.name ?? '' }, undefined, loader, config.file));
}

type Transformer = (list: ResourceList, config: Resource, loader: Loader) => void;

const TRANSFORMERS: Readonly<Record<string, Transformer>> = {
  PrefixTransformer: (list, c) => affixNames(list, 'prefix', configOf(c).prefix ?? '', specsOf(c)),
  SuffixTransformer: (list, c) => affixNames(list, 'suffix', configOf(c).suffix ?? '', specsOf(c)),
  NamespaceTransformer: (list, c) => setNamespace(list, c.object.metadata.namespace ?? '', specsOf(c)),
  LabelTransformer: (list, c) => addPairs(list, configOf(c).labels ?? {}, specsOf(c)),
  AnnotationsTransformer: (list, c) => addPairs(list, configOf(c).annotations ?? {}, specsOf(c)),
  ImageTagTransformer: (list, c) => setImage(list, configOf(c).imageTag ?? {}, specsOf(c)),
  ReplicaCountTransformer(list, c) {
    const { name = '', count = 0 } = configOf(c).replica ?? {};
    setReplicas(list, name, count, specsOf(c));
  },
  PatchTransformer: (list, c, loader) => applyPatchEntry(list, c.object as unknown as PatchEntry, loader),
  PatchStrategicMergeTransformer(list, c, loader) {
    const { paths = [], patches } = configOf(c);
    applyStrategicMerges(list, [...paths, ...(patches ? [patches] : [])], loader);
  },
  PatchJson6902Transformer(list, c, loader) {
    const entry = c.object as unknown as PatchEntry;
    applyJson6902(list, { ...entry, patch: configOf(c).jsonOp }, loader);
  },
  ReplacementTransformer(list, c, loader) {
    replaceValues(list.all, configOf(c).replacements ?? [], loader);
    list.changed();
  },
};
const TRANSFORMER_NAMES = new Set(Object.keys(TRANSFORMERS));

const specsOf = (config: Resource): FieldSpec[] => configOf(config).fieldSpecs ?? [];

export function runTransformer(list: ResourceList, config: Resource, loader: Loader): void {
  check(config, TRANSFORMER_NAMES);
  TRANSFORMERS[config.object.kind]!(list, config, loader);
}
