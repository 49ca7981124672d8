// `-f` with a Git URL: a file or a folder of manifests in a repository, at a reference. What kubectl reads itself (a
// file, a plain http URL) is never taken for one: http URLs say `git::`, or `.git` at the end of the repository.
import { lstatSync, realpathSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { parseRepoSpec, type RepoSpec } from '../../api/kustomize/repo-spec.ts';
import { CliError } from '../errors.ts';
import { type Clones, GitFailure } from './clones.ts';

/** Undefined for what is no Git URL. Costs nothing for names of files. */
export function gitTarget(name: string): RepoSpec | undefined {
  const forced = /^git::/i.test(name);
  const address = name.split('?')[0]!;
  const isGit =
    forced ||
    /^(?:ssh|file):\/\//i.test(name) ||
    /^[a-zA-Z][a-zA-Z0-9-]*@[^/:]+:/.test(name) ||
    (/^https?:\/\//i.test(name) &&
      (/\.git(?:\/\/|\/?$)/.test(address) || (/\.git\//.test(address) && /[?&]ref=/.test(name))));
  if (!isGit) return undefined;
  const spec = parseRepoSpec(name);
  if (!spec) throw new CliError(`${JSON.stringify(name)} is not the URL of a Git repository and a path in it`);
  return spec;
}

export interface GitPlace {
  /** The file or folder on disk. */
  path: string;
  /** What messages call a file below it. */
  shown(file: string): string;
  /** Throws for a link that leads out of the repository. */
  check(file: string): void;
}

export async function gitPlace(spec: RepoSpec, clones: Clones): Promise<GitPlace> {
  const about = `the Git repository ${JSON.stringify(spec.url)}`;
  const at = spec.ref === '' ? '' : ` at ${JSON.stringify(spec.ref)}`;
  let root: string;
  try {
    root = await clones.folder(spec);
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw new CliError(`unable to read ${about}${at}: ${error.said}`);
  }
  const path = join(root, spec.path);
  if (!lstatSync(path, { throwIfNoEntry: false })) {
    throw new CliError(`the path ${JSON.stringify(spec.path)} does not exist in ${about}${at}`);
  }
  const check = (file: string): void => {
    const real = realpathSync(file);
    if (real === root || real.startsWith(root + sep)) return;
    throw new CliError(`${JSON.stringify(relative(root, file))} in ${about} is a link to what is outside of it`);
  };
  check(path);
  return { path, check, shown: (file) => `${spec.url}//${relative(root, file)}` };
}
