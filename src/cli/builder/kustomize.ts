// The one place where `-k` meets the kustomize engine: a folder of the disk as the files that it may read.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { stringifyYaml } from '../../api/codec/yaml.ts';
import { KustomizeError, type KustomizeFiles, kustomize } from '../../api/kustomize/kustomize.ts';
import { CliError } from '../errors.ts';
import type { Io } from '../io.ts';
import type { ManifestText } from './files.ts';

/** Paths are absolute: a kustomization may reach out of its folder for other folders. */
const diskFiles: KustomizeFiles = {
  read: (path) => (statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path) : undefined),
  isDirectory: (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  list: (path) => readdirSync(path).sort(),
};

/** The built objects of a folder with a kustomization. */
export async function kustomizeTexts(folder: string, io: Io): Promise<ManifestText[]> {
  const path = isAbsolute(folder) ? folder : resolve(io.cwd, folder);
  if (!diskFiles.isDirectory(path))
    throw new CliError(
      `invalid Kustomization: evalsymlink failure on '${folder}' : lstat ${path}: no such file or directory`,
    );
  try {
    return kustomize(diskFiles, path).map(({ object, origin }) => ({ text: stringifyYaml(object), source: origin }));
  } catch (error) {
    if (error instanceof KustomizeError) throw new CliError(error.message);
    throw error;
  }
}
