// kustomize as a pure function: a map of files in, objects out.
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

/** Builds the kustomization in folder `path`. */
export function kustomize(files: KustomizeFiles, path: string): BuiltObject[] {
  throw new KustomizeError(`no kustomization in ${path}${files.list(path).join()}`);
}
