// The one place where `-k` meets the kustomize engine: a folder on disk in, the built objects out.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { kustomize, type KustomizeFiles } from '../../api/kustomize/kustomize.ts';
import type { Unstructured } from '../../api/types.ts';
import { CliError } from '../errors.ts';

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** The objects of a kustomization and the file that each came from. Paths are of the whole disk: bases may be above. */
export function kustomizeObjects(
  folder: string,
  cwd: string,
  options: { warn?(message: string): void; confined?: boolean } = {},
): { object: Unstructured; origin: string }[] {
  const path = isAbsolute(folder) ? folder : resolve(cwd, folder);
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new CliError(
      `must build at directory: not a valid directory: evalsymlink failure on '${folder}' : lstat ${path}: no such file or directory`,
    );
  }
  if (!isFolder) throw new CliError(`must build at directory: not a valid directory: '${folder}' is not a directory`);
  if (!NAMES.some((n) => disk.read(join(path, n).slice(1)) !== undefined)) {
    throw new CliError(
      `unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '${path}'`,
    );
  }
  const { confined = true, ...rest } = options;
  return kustomize({ ...disk, confined }, path.slice(1) || '.', rest);
}

/** The disk as the engine sees it: paths without the leading slash. */
const disk: KustomizeFiles = {
  read(path) {
    try {
      return readFileSync(`/${path}`);
    } catch {
      return undefined;
    }
  },
  isDirectory(path) {
    try {
      return statSync(`/${path}`).isDirectory();
    } catch {
      return false;
    }
  },
  list: (path) => readdirSync(`/${path}`).sort(),
  shown: (path) => `/${path}`,
};
