// The files of one commit, in memory: what `git archive` packed. Symbolic links inside of the tree are followed when
// reading; links that lead out of it are absent, like everything else that is not there.
import { posix } from 'node:path';

export interface FileTree {
  /** `main@sha1:<commit>` */
  revision: string;
  files: ReadonlyMap<string, Uint8Array>;
  sizeBytes: number;
}

export const MAX_TREE_BYTES = 256 * 1024 * 1024;

/** Puts links' targets in place of links; folders by their files. */
export function resolveLinks(
  files: ReadonlyMap<string, Uint8Array>,
  links: ReadonlyMap<string, string>,
): Map<string, Uint8Array> {
  const resolved = new Map(files);
  for (const [link, target] of links) {
    const path = posix.normalize(posix.join(posix.dirname(link), target));
    if (path.startsWith('..') || posix.isAbsolute(target)) continue;
    const file = files.get(path);
    if (file) resolved.set(link, file);
    else
      for (const [name, content] of files)
        if (name.startsWith(`${path}/`)) resolved.set(link + name.slice(path.length), content);
  }
  return resolved;
}
