// kustomize as a pure function: a map of files in, objects out. This file is the order of things: resources, generators,
// components, transformers, then hashes and references of the whole. Upstream: kustomize
// api/internal/target/kusttarget.go, api/krusty/kustomizer.go.
import { posix } from 'node:path';
import type { SchemaSource } from '../schema/schema.ts';
import { loadTables, mergeTables, ownTables } from './config.ts';
import type { FieldTables } from './field-specs.ts';
import { contentHash, generate } from './generators.ts';
import { readKustomization } from './kustomization-file.ts';
import { inflateChart } from './helm.ts';
import { Loader, MalformedYaml, resourcesOfText } from './loader.ts';
import {
  annotateOrigins,
  builtinOrigin,
  further,
  noteTransformation,
  originOf,
  setOrigin,
  type Way,
} from './origin.ts';
import { applyJson6902, applyPatchEntry, applyStrategicMerges } from './patches.ts';
import { schemasOf } from './openapi.ts';
import { fixReferences } from './references.ts';
import { runGenerator, runTransformer } from './plugins.ts';
import { replaceValues } from './replacements.ts';
import { parseRepoSpec } from './repo-spec.ts';
import { type Resource, ResourceList } from './resource.ts';
import { sorted } from './sort.ts';
import {
  addAnnotations,
  addCommonLabels,
  addLabels,
  affixNames,
  setImage,
  setNamespace,
  setReplicas,
} from './transformers.ts';
import {
  type BuiltObject,
  HttpError,
  type KustomizationFile,
  KustomizeError,
  type KustomizeFiles,
  type Variable,
} from './types.ts';
import { mergeVariables, resolveVariables } from './variables.ts';

export { parseRepoSpec, type RepoSpec } from './repo-spec.ts';
export { pullWords, templateWords } from './helm.ts';
export { type BuiltObject, type HelmRunner, HttpError, KustomizeError, type KustomizeFiles } from './types.ts';

export interface KustomizeOptions {
  /** Gets what kustomize prints for deprecated fields. */
  warn?(message: string): void;
}

const LOCAL_CONFIG = 'config.kubernetes.io/local-config';

/** Builds the kustomization in folder `path`; throws KustomizeError. */
export function kustomize(files: KustomizeFiles, path: string, options: KustomizeOptions = {}): BuiltObject[] {
  const spec = files.remote && parseRepoSpec(path);
  const loader = spec
    ? Loader.atRepository(files, spec)
    : new Loader(files, posix.normalize(path).replace(/(?<=.)\/$/, ''));
  const target = new Target(loader, options.warn ?? (() => {}));
  const { metadata } = target;
  const { list, tables, variables } = target.accumulate(emptyAccumulator());
  addHashes(list);
  fixReferences(list.all, tables.nameReference);
  list.changed();
  resolveVariables(list.all, variables, tables.varReference);
  const kept = list.all.filter((r) => (r.annotations()[LOCAL_CONFIG] ?? 'false') === 'false');
  const built = sorted(kept, target.file.sortOptions);
  if (metadata.includes('managedByLabel')) {
    for (const { object } of built) {
      object.metadata.labels = { ...object.metadata.labels, 'app.kubernetes.io/managed-by': 'kustomize-(devel)' };
    }
  }
  annotateOrigins(built, metadata);
  return built.map(({ object, file }) => ({ object, origin: file }));
}

function addHashes(list: ResourceList): void {
  for (const resource of list.all) {
    if (!resource.hashed) continue;
    const hash = contentHash(resource.object);
    resource.remember();
    resource.object.metadata.name = `${resource.name}-${hash}`;
  }
  list.changed();
}

interface Accumulator {
  list: ResourceList;
  tables: FieldTables;
  variables: Variable[];
}
const emptyAccumulator = (): Accumulator => ({ list: new ResourceList(), tables: ownTables, variables: [] });

/** One kustomization in its folder. */
class Target {
  readonly file: KustomizationFile;
  readonly metadata: readonly string[];
  private readonly fileName: string;
  private readonly loader: Loader;
  private readonly warn: (message: string) => void;
  /** The way from the root kustomization's folder to this one, for origins. */
  readonly way: Way;
  /** The user's OpenAPI document, from the root or from here. */
  readonly schemas: SchemaSource | undefined;

  constructor(loader: Loader, warn: (message: string) => void, parent?: Pick<Target, 'metadata' | 'way' | 'schemas'>) {
    const { file, name } = readKustomization(loader, warn);
    this.file = file;
    this.fileName = name;
    this.loader = loader;
    this.warn = warn;
    this.way = parent?.way ?? { folder: '' };
    this.metadata = parent?.metadata ?? file.buildMetadata ?? [];
    const own = file.openapi?.['path'];
    this.schemas = parent?.schemas ?? (own ? schemasOf(loader, own) : undefined);
  }

  /** A component works on what its parent has so far; a kustomization begins with nothing. */
  accumulate(given: Accumulator): Accumulator {
    const { file, loader } = this;
    let into = given;
    try {
      for (const path of file.resources ?? []) into = this.addResource(into, path);
    } catch (error) {
      throw wrapped('accumulating resources', error);
    }
    const own = loadTables(loader, file.configurations ?? [], file.crds ?? []);
    into.tables = mergeTables(into.tables, own);
    this.generate(into.list);
    this.inflateCharts(into.list);
    this.configured(file.generators, (config) => runGenerator(into.list, config, loader));
    try {
      for (const path of file.components ?? []) into = this.addComponent(into, path);
    } catch (error) {
      throw wrapped('accumulating components', error);
    }
    this.transform(into);
    this.configured(file.transformers, (config) => runTransformer(into.list, config, loader));
    this.validate(into.list);
    into.variables = mergeVariables(into.list, into.variables, file.vars ?? []);
    return into;
  }

  /** A file, else a folder or a repository. The messages of both attempts are kept, as upstream has it. */
  private addResource(into: Accumulator, path: string): Accumulator {
    const full = this.loader.resolve(path);
    let asFile = `accumulating resources from '${path}': '${this.loader.shown(full)}' must resolve to a file`;
    if (!this.loader.files.isDirectory(full)) {
      const failure = this.addFile(into.list, path);
      if (!failure) return into;
      if (failure instanceof HttpError) throw failure;
      const remote = /^[a-z]+:\/\/|^git@|\?ref=/.test(path);
      if (remote && !this.loader.files.remote && !(failure instanceof MalformedYaml)) {
        throw new KustomizeError(`accumulating resources from '${path}': remote resources must be fetched first`, full);
      }
      asFile = failure.message;
      try {
        this.loader.enter(path);
      } catch (error) {
        if (failure instanceof MalformedYaml && error instanceof KustomizeError) throw failure;
        throw wrapped(`accumulation err='${asFile}'`, error);
      }
    }
    try {
      const child = this.child(path, false);
      const sub = child.accumulateHere(emptyAccumulator());
      try {
        return merge(into, sub);
      } catch (error) {
        throw wrapped(`recursed merging from path '${this.loader.shown(full)}'`, error);
      }
    } catch (error) {
      throw wrapped(`accumulation err='${asFile}'`, error);
    }
  }

  private addFile(list: ResourceList, path: string): KustomizeError | undefined {
    let resources: Resource[];
    try {
      resources = this.loader.resources(path);
    } catch (error) {
      if (!(error instanceof KustomizeError)) throw error;
      if (error instanceof MalformedYaml) {
        return new MalformedYaml(`accumulating resources from '${path}': ${error.message}`, error.file!, error.reason);
      }
      const said = wrapped(`accumulating resources from '${path}'`, error);
      return error instanceof HttpError ? new HttpError(said.message) : said;
    }
    for (const resource of resources) {
      if (this.metadata.length > 0) setOrigin(resource, originOf(this.way, path));
      try {
        list.append(resource);
      } catch (error) {
        return wrapped(`merging resources from '${path}'`, error);
      }
    }
    return undefined;
  }

  private addComponent(into: Accumulator, path: string): Accumulator {
    let child: Target;
    try {
      this.loader.enter(path);
    } catch (error) {
      throw wrapped('', error, (message) => `loader.New ${JSON.stringify(message)}`);
    }
    try {
      child = this.child(path, true);
      return child.accumulateHere(into);
    } catch (error) {
      throw wrapped('', error, (message) => `accumulateDirectory: ${JSON.stringify(message)}`);
    }
  }

  private child(path: string, component: boolean): Target {
    const loader = this.loader.enter(path);
    const root = loader.shown();
    const spec = loader.files.remote && parseRepoSpec(path);
    let child: Target;
    try {
      child = new Target(loader, this.warn, {
        metadata: this.metadata,
        schemas: this.schemas,
        way: further(this.way, path, spec),
      });
    } catch (error) {
      throw wrapped(`couldn't make target for path '${root}'`, error);
    }
    const kind = child.file.kind ?? 'Kustomization';
    if (component && kind !== 'Component') {
      throw new KustomizeError(`expected kind 'Component' for path '${root}' but got '${kind}'`, loader.folder, 'kind');
    }
    if (!component && kind === 'Component') {
      throw new KustomizeError(`expected kind != 'Component' for path '${root}'`, loader.folder, 'kind');
    }
    return child;
  }

  private accumulateHere(into: Accumulator): Accumulator {
    try {
      return this.accumulate(into);
    } catch (error) {
      throw wrapped(`recursed accumulation of path '${this.loader.shown()}'`, error);
    }
  }

  private generate(list: ResourceList): void {
    const { file, loader } = this;
    const path = loader.resolve(this.fileName);
    for (const kind of ['ConfigMap', 'Secret'] as const) {
      const field = kind === 'ConfigMap' ? file.configMapGenerator : file.secretGenerator;
      for (const args of field ?? []) {
        const resource = generate(kind, args, file.generatorOptions, loader, path);
        if (this.metadata.length > 0) setOrigin(resource, builtinOrigin(this.way, this.fileName, `${kind}Generator`));
        try {
          list.absorb(resource);
        } catch (error) {
          throw wrapped('merging from generator', error);
        }
      }
    }
  }

  /** Runs what is configured by texts of the kustomization, by files and by folders. */
  private configured(entries: readonly string[] | undefined, run: (config: Resource) => void): void {
    for (const entry of entries ?? []) this.configurations(entry).forEach(run);
  }

  private configurations(entry: string): readonly Resource[] {
    try {
      return resourcesOfText(entry, this.loader.folder);
    } catch {
      return this.addResource(emptyAccumulator(), entry).list.all;
    }
  }

  /** A validator is a transformer that may change nothing. */
  private validate(list: ResourceList): void {
    this.configured(this.file.validators, (config) => {
      const before = snapshot(list);
      runTransformer(list, config, this.loader);
      if (list.all.every((resource) => before.get(resource) === JSON.stringify(resource.object))) return;
      throw new KustomizeError("validator shouldn't modify the resource map", config.file, 'validators');
    });
  }

  private inflateCharts(list: ResourceList): void {
    const { file, loader } = this;
    for (const chart of file.helmCharts ?? []) {
      const resources = inflateChart(chart, file.helmGlobals ?? {}, loader);
      for (const resource of resources) {
        if (this.metadata.length > 0) {
          setOrigin(resource, builtinOrigin(this.way, this.fileName, 'HelmChartInflationGenerator'));
        }
        try {
          list.absorb(resource);
        } catch (error) {
          throw wrapped('merging from generator', error);
        }
      }
    }
  }

  private transform({ list, tables }: Accumulator): void {
    const { file, loader } = this;
    if (this.schemas) list.schemas = this.schemas;
    const step = (kind: string, work: () => void) => {
      const before = this.metadata.includes('transformerAnnotations') ? snapshot(list) : undefined;
      work();
      if (!before) return;
      const changed = list.all.filter((r) => before.get(r) !== JSON.stringify(r.object));
      noteTransformation(changed, builtinOrigin(this.way, this.fileName, kind));
    };
    if (file.patchesStrategicMerge) {
      const entries = file.patchesStrategicMerge;
      step('PatchStrategicMergeTransformer', () => applyStrategicMerges(list, entries, loader));
    }
    for (const entry of file.patches ?? []) step('PatchTransformer', () => applyPatchEntry(list, entry, loader));
    const { namespace, namePrefix, nameSuffix } = file;
    if (namespace) step('NamespaceTransformer', () => setNamespace(list, namespace, tables.namespace));
    if (namePrefix) step('PrefixTransformer', () => affixNames(list, 'prefix', namePrefix, tables.namePrefix));
    if (nameSuffix) step('SuffixTransformer', () => affixNames(list, 'suffix', nameSuffix, tables.nameSuffix));
    for (const entry of file.labels ?? []) step('LabelTransformer', () => addLabels(list, entry, tables));
    if (file.commonLabels) step('LabelTransformer', () => addCommonLabels(list, file.commonLabels!, tables));
    if (file.commonAnnotations) {
      step('AnnotationsTransformer', () => addAnnotations(list, file.commonAnnotations!, tables));
    }
    for (const entry of file.patchesJson6902 ?? []) {
      step('PatchJson6902Transformer', () => applyJson6902(list, entry, loader));
    }
    for (const { name = '', count = 0 } of file.replicas ?? []) {
      step('ReplicaCountTransformer', () => setReplicas(list, name, count, tables.replicas));
    }
    for (const entry of file.images ?? []) step('ImageTagTransformer', () => setImage(list, entry, tables.images));
    if (file.replacements) {
      step('ReplacementTransformer', () => replaceValues(list.all, file.replacements!, loader));
      list.changed();
    }
  }
}

const snapshot = (list: ResourceList): Map<Resource, string> =>
  new Map(list.all.map((resource) => [resource, JSON.stringify(resource.object)]));

function merge(into: Accumulator, sub: Accumulator): Accumulator {
  for (const resource of sub.list.all) into.list.append(resource);
  into.tables = mergeTables(into.tables, sub.tables);
  const clash = sub.variables.find((v) => into.variables.some((known) => known.name === v.name));
  if (clash) throw new KustomizeError(`var '${clash.name}' already encountered`, undefined, 'vars');
  into.variables = [...into.variables, ...sub.variables];
  return into;
}

function wrapped(
  prefix: string,
  error: unknown,
  reword = (message: string) => `${prefix}: ${message}`,
): KustomizeError {
  if (!(error instanceof KustomizeError)) throw error;
  return new KustomizeError(reword(error.message), error.file, error.field);
}
