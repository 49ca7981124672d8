// What a build works on: files, a kustomization's fields, resources with the names they have had.
import type { Unstructured } from '../types.ts';

/** The files that a build may read; paths are relative to one root, with `/`, normalised. */
export interface KustomizeFiles {
  read(path: string): Uint8Array | undefined;
  isDirectory(path: string): boolean;
  /** Names in a folder, sorted. */
  list(path: string): string[];
}

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

/** A resource during a build. `object` is replaced, never mutated in place, by transformers. */
export interface Resource {
  object: Unstructured;
  origin: string;
  /** Every name (and namespace) that it has had, the first one first: what references may still call it. */
  names: { name: string; namespace: string }[];
  /** Generated, and to get a content hash as the end of its name. */
  hashed: boolean;
}

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
  behavior?: 'create' | 'merge' | 'replace';
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
  options?: { allowNameChange?: boolean; allowKindChange?: boolean };
}

export interface ReplacementSource extends Selector {
  fieldPath?: string;
  options?: { delimiter?: string; index?: number; create?: boolean };
}
export interface Replacement {
  path?: string;
  source?: ReplacementSource;
  targets?: {
    select?: Selector;
    reject?: Selector[];
    fieldPaths?: string[];
    options?: { delimiter?: string; index?: number; create?: boolean };
  }[];
}

/** kustomization.yaml. Unknown fields are an error, as kustomize has it. */
export interface KustomizationFile {
  apiVersion?: string;
  kind?: string;
  metadata?: unknown;
  resources?: string[];
  bases?: string[];
  components?: string[];
  namespace?: string;
  namePrefix?: string;
  nameSuffix?: string;
  labels?: LabelEntry[];
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  images?: { name: string; newName?: string; newTag?: string; digest?: string; tagSuffix?: string }[];
  replicas?: { name: string; count: number }[];
  patches?: PatchEntry[];
  patchesStrategicMerge?: string[];
  patchesJson6902?: PatchEntry[];
  configMapGenerator?: GeneratorArgs[];
  secretGenerator?: GeneratorArgs[];
  generatorOptions?: GeneratorOptions;
  replacements?: Replacement[];
  sortOptions?: { order?: 'legacy' | 'fifo' };
  buildMetadata?: string[];
}
