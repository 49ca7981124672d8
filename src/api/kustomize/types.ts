// What a build works on: the files it may read, a kustomization's fields, and what comes out.
import type { Unstructured } from '../types.ts';
import type { RepoSpec } from './repo-spec.ts';

/** The files that a build may read; paths are relative to one root, with `/`, normalised. */
export interface KustomizeFiles {
  /** A file that has not changed may be the same array again: its parsed form is kept with it. */
  read(path: string): Uint8Array | undefined;
  isDirectory(path: string): boolean;
  /** Names in a folder, sorted. */
  list(path: string): string[];
  /** How messages name a path; the default is as it is. */
  shown?(path: string): string;
  /** Files must lie below the kustomization that names them; false lifts that. */
  confined?: boolean;
  /** What is not here; absent: URLs are refused. Either may throw anything: what is no KustomizeError ends the build. */
  remote?: {
    /** The folder with the repository's files. */
    repository(spec: RepoSpec): string;
    file(url: string): Uint8Array;
  };
  /** Renders a chart; absent: charts are refused. */
  helm?: HelmRunner;
}

export interface HelmGlobals {
  chartHome?: string;
  configHome?: string;
}

export interface HelmChart {
  name?: string;
  version?: string;
  repo?: string;
  releaseName?: string;
  namespace?: string;
  additionalValuesFiles?: string[];
  valuesFile?: string;
  valuesInline?: Record<string, unknown>;
  valuesMerge?: string;
  includeCRDs?: boolean;
  skipHooks?: boolean;
  apiVersions?: string[];
  kubeVersion?: string;
  nameTemplate?: string;
  skipTests?: boolean;
  debug?: boolean;
}

/** Answers what `helm template` prints. `home` has the charts as folders; `values` is asked for once the chart is there. */
export type HelmRunner = (request: {
  chart: HelmChart;
  home: string;
  configHome: string | undefined;
  values(): string;
}) => string;

export interface BuiltObject {
  object: Unstructured;
  /** The file that the object came from, for error messages. */
  origin: string;
}

/** What is wrong, and where. */
export class KustomizeError extends Error {
  constructor(
    message: string,
    readonly file?: string,
    readonly field?: string,
  ) {
    super(message);
    this.name = 'KustomizeError';
  }
}

/** A URL that could not be read, and no repository either. Upstream: load.ErrHTTP. */
export class HttpError extends KustomizeError {}

export interface Selector {
  group?: string;
  version?: string;
  kind?: string;
  name?: string;
  namespace?: string;
  labelSelector?: string;
  annotationSelector?: string;
}

export interface GeneratorOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  disableNameSuffixHash?: boolean;
  immutable?: boolean;
}

export interface GeneratorArgs {
  name?: string;
  namespace?: string;
  behavior?: string;
  literals?: string[];
  files?: string[];
  envs?: string[];
  env?: string;
  type?: string;
  options?: GeneratorOptions;
}

export interface FieldSpec {
  group?: string;
  version?: string;
  kind?: string;
  path: string;
  create?: boolean;
}

export interface LabelEntry {
  pairs?: Record<string, string>;
  includeSelectors?: boolean;
  includeTemplates?: boolean;
  fields?: FieldSpec[];
}

export interface PatchEntry {
  path?: string;
  patch?: string;
  target?: Selector;
  options?: Record<string, boolean>;
}

export interface ImageEntry {
  name?: string;
  newName?: string;
  newTag?: string;
  tagSuffix?: string;
  digest?: string;
}

export interface FieldOptions {
  delimiter?: string;
  index?: number;
  encoding?: string;
  create?: boolean;
}

export interface ReplacementSource extends Selector {
  fieldPath?: string;
  options?: FieldOptions;
}

export interface Replacement {
  path?: string;
  source?: ReplacementSource;
  targets?: {
    select?: Selector;
    reject?: Selector[];
    fieldPaths?: string[];
    options?: FieldOptions;
  }[];
}

/** `$(name)` means a field of an object; what replacements have replaced. */
export interface Variable {
  name: string;
  objref: { apiVersion?: string; group?: string; version?: string; kind?: string; name?: string; namespace?: string };
  fieldref?: { fieldpath?: string };
}

/** kustomization.yaml, after what is deprecated has moved to its new place. */
export interface KustomizationFile {
  apiVersion?: string;
  kind?: string;
  metadata?: unknown;
  resources?: string[];
  components?: string[];
  namespace?: string;
  namePrefix?: string;
  nameSuffix?: string;
  labels?: LabelEntry[];
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  images?: ImageEntry[];
  replicas?: { name?: string; count?: number }[];
  patches?: PatchEntry[];
  patchesStrategicMerge?: string[];
  patchesJson6902?: PatchEntry[];
  configMapGenerator?: GeneratorArgs[];
  secretGenerator?: GeneratorArgs[];
  generatorOptions?: GeneratorOptions;
  replacements?: Replacement[];
  vars?: Variable[];
  crds?: string[];
  configurations?: string[];
  openapi?: Record<string, string>;
  sortOptions?: { order?: string; legacySortOptions?: { orderFirst?: string[]; orderLast?: string[] } };
  buildMetadata?: string[];
  generators?: string[];
  transformers?: string[];
  validators?: string[];
  helmCharts?: HelmChart[];
  helmGlobals?: HelmGlobals;
}
